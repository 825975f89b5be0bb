import { AppError } from '../../model/errors.ts'

/** Why a batch did not arrive; a label of the metrics. */
export type FailureReason =
  | 'connect'
  | 'timeout'
  | 'reset'
  | 'busy'
  | 'refused'
  | 'rejected'
  | 'server'
  | 'redirect'
  | 'answer'
  | 'read'
  | 'position'
  | 'other'

/** What to do about it. */
interface FailureAdvice {
  /** How long the receiver asked us to wait. */
  readonly retryAfterMs?: number | undefined
  /** The receiver says that the fault is in the lines: none of them will ever do, or not all of them at once. */
  readonly blames?: 'lines' | 'size' | undefined
  readonly cause?: unknown
}

/** A batch did not arrive, or perhaps not; the message names no secret. */
export class SendFailed extends AppError {
  readonly code = 'SEND_FAILED'
  readonly reason: FailureReason
  readonly retryAfterMs: number | undefined
  readonly blames: 'lines' | 'size' | undefined

  constructor(reason: FailureReason, message: string, { retryAfterMs, blames, cause }: FailureAdvice = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.reason = reason
    this.retryAfterMs = retryAfterMs
    this.blames = blames
  }
}
