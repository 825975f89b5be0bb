import type { LoadedConfig } from '../config/load.ts'
import type { Live, Prepared } from './live.ts'
import type { WorkerPool } from './workers/worker-pool.ts'

/**
 * Opens a configuration in this thread and in all workers, or in none.
 * @throws ExternalFileError and whatever a worker throws; nothing has changed then.
 */
export async function prepareEverywhere(
  loaded: LoadedConfig,
  live: Live,
  pool: WorkerPool | undefined,
): Promise<Prepared> {
  const own = await live.prepare(loaded)
  if (pool === undefined) return own
  try {
    await pool.prepare({ source: loaded.source(), keyTexts: own.authority.keyTexts })
  } catch (error) {
    await own.abandon()
    throw error
  }
  return {
    ...own,
    commit: async () => {
      await own.commit()
      await pool.commit()
    },
    abandon: async () => {
      await Promise.all([own.abandon(), pool.abandon()])
    },
  }
}
