import { setTimeout as sleep } from 'node:timers/promises'

const DEADLINE_MS = 30_000
const INTERVAL_MS = 25

/**
 * The first value of `probe` that is neither undefined nor false; a probe that throws is asked again.
 * Rejects after the deadline (30 s unless told), naming what was awaited and the last error.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  deadlineMs = DEADLINE_MS,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + deadlineMs
  let cause: unknown
  do {
    try {
      const value = await probe()
      if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>
    } catch (error) {
      cause = error
    }
    await sleep(INTERVAL_MS)
  } while (performance.now() < deadline)
  throw new Error(`${what}: not within ${deadlineMs} ms`, { cause })
}
