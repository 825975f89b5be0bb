import type { FailureReason } from './send-failed.ts'

/** What became of a sink since its last report. Plain data. */
export interface SinkReport {
  readonly sink: string
  /** Number of the last line that its receiver has, as kept in its file: older lines may be removed. */
  readonly position: number
  /** Lines that its receiver took. */
  readonly sent: number
  /** Lines that were given up, with a line of the log each. */
  readonly skipped: number
  readonly errors: Readonly<Partial<Record<FailureReason, number>>>
  /** Milliseconds since the epoch. */
  readonly lastSuccess: number | undefined
  /** Why the last try failed; `undefined` while it works. */
  readonly failing: string | undefined
}
