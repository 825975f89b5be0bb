import type { AcmeFailure } from '../model/errors.ts'

/** Why an attempt to get a certificate did not succeed; beside the authority's reasons, `storage` and `preflight`. */
export type AttemptFailure = AcmeFailure | 'storage' | 'preflight' | 'internal'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Nothing is lost by asking again soon. */
const TRANSIENT = [1, 2, 5, 10, 20, 40, 60, 120, 240, 360].map(minutes => minutes * MINUTE_MS)
/** Let's Encrypt allows five failed validations of a name in an hour; an attempt may cost two. */
const VALIDATION = [5, 20, 60, 180, 360, 720].map(minutes => minutes * MINUTE_MS)
/** Somebody has to change something first. */
const REFUSED = [24 * HOUR_MS]
const STORAGE = [MINUTE_MS / 2]

const DELAYS: Readonly<Record<AttemptFailure, readonly number[]>> = {
  network: TRANSIENT,
  server: TRANSIENT,
  limited: TRANSIENT,
  internal: TRANSIENT,
  replaced: TRANSIENT,
  validation: VALIDATION,
  account: REFUSED,
  refused: REFUSED,
  storage: STORAGE,
  preflight: STORAGE,
}

/** Whether two failures are waited for alike, so that one after the other is the second in a row. */
export function isWaitedForAlike(one: string, other: AttemptFailure): boolean {
  return Object.hasOwn(DELAYS, one) && DELAYS[one as AttemptFailure] === DELAYS[other]
}

const EXPIRED_MAX_MS = 15 * MINUTE_MS
const LEAST_MS = 5_000
/** Whatever an authority says, it is asked once a week. */
const RETRY_AFTER_MAX_MS = 7 * 24 * HOUR_MS

/** One more failure in a row. */
export interface FailedAttempt {
  readonly failure: AttemptFailure
  /** In a row, from 1. */
  readonly count: number
  /** Until the present certificate expires; `undefined` without one, negative after it. */
  readonly remainingMs: number | undefined
  /** What the authority asked for. */
  readonly retryAfterMs?: number | undefined
  /** 0 to 1. */
  readonly random: number
}

/**
 * How long to wait, ms. Never longer than an eighth of the time that remains, and soon again once it is over; but at
 * least as long as the authority asked for.
 */
export function retryDelay({ failure, count, remainingMs, retryAfterMs, random }: FailedAttempt): number {
  const delays = DELAYS[failure]
  const planned = delays[Math.min(count, delays.length) - 1] ?? HOUR_MS
  const spread = planned * (0.9 + 0.2 * random)
  const bounded = Math.max(Math.min(spread, urgencyLimit(failure, remainingMs)), LEAST_MS)
  return Math.max(bounded, Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS))
}

/**
 * When to try again, ms since the epoch: as `retryDelay` says, or when another authority may be asked again; that too is
 * put off while failures go on, for an authority may ask for a second of rest each time.
 */
export function nextAttemptAt(
  attempt: FailedAttempt,
  { now, waitUntil }: { readonly now: number; readonly waitUntil: Readonly<Record<string, number>> },
): number {
  const { retryAfterMs: _, ...own } = attempt
  const failure = DELAYS[attempt.failure] === REFUSED ? 'limited' : attempt.failure
  const free = Object.values(waitUntil).filter(until => until > now)
  return Math.max(now + retryDelay({ ...own, failure }), Math.min(now + retryDelay(attempt), ...free))
}

function urgencyLimit(failure: AttemptFailure, remainingMs: number | undefined): number {
  // Hurry would only use up the failures that an authority allows.
  if (remainingMs === undefined || failure === 'validation') return Number.POSITIVE_INFINITY
  return remainingMs > 0 ? remainingMs / 8 : EXPIRED_MAX_MS
}
