import type { LoadedConfig } from '../config/load.ts'
import type { AuditSinks } from './audit-sinks/open-audit-sinks.ts'
import { readSinks } from './audit-sinks/read-sinks.ts'
import type { Live, Prepared } from './live.ts'
import type { WorkerPool } from './workers/worker-pool.ts'

/** What a configuration is opened in. */
interface Places {
  readonly live: Live
  readonly pool: WorkerPool | undefined
  readonly sinks: AuditSinks
}

/**
 * Opens a configuration in this thread and in all workers, or in none.
 * @throws ExternalFileError, CertificateFileError and whatever a worker throws; nothing has changed then.
 */
export async function prepareEverywhere(
  loaded: LoadedConfig,
  { live, pool, sinks }: Places,
): Promise<Prepared> {
  const settings = await readSinks(loaded.config)
  const prepared = await live.prepare(loaded)
  const own = {
    ...prepared,
    commit: async () => {
      await prepared.commit()
      await sinks.use(settings)
    },
  }
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
