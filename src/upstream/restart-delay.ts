const FIRST_MS = 500
const LONGEST_MS = 30_000
const STABLE_MS = 60_000

/** Wait in ms before the next start: doubled each time, from the beginning again after a minute of good work. */
export function restartDelay(previousMs: number | undefined, uptimeMs: number): number {
  if (previousMs === undefined || uptimeMs >= STABLE_MS) return FIRST_MS
  return Math.min(2 * previousMs, LONGEST_MS)
}
