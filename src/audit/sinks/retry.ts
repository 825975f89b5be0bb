import type { SendFailed } from './send-failed.ts'

const FIRST_MS = 250
const LONGEST_MS = 30_000
/** Doubled so often at most, to stay a small number. */
const MAX_DOUBLINGS = 16

/** Waits between the tries of one sink. */
export interface Retry {
  /** How long to wait after one more failure, in ms. */
  next(failure: SendFailed): number
  /** Failures since the last success. */
  failures(): number
  reset(): void
}

/** Doubles from a quarter of a second to 30 s, with jitter; longer when the receiver asks for it. `random` is 0 to 1. */
export function createRetry(random: () => number): Retry {
  let failures = 0
  return {
    next: ({ retryAfterMs = 0 }) => {
      const backoff = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, MAX_DOUBLINGS))
      failures += 1
      return Math.max(retryAfterMs, backoff * (0.5 + random() / 2))
    },
    failures: () => failures,
    reset: () => {
      failures = 0
    },
  }
}
