import { AppError } from '../model/errors.ts'
import type { AttemptFailure } from './retry-delay.ts'

/** An attempt to get a certificate that ended without one; the message is for the operator. */
export class AttemptFailed extends AppError {
  readonly code = 'CERTIFICATE_ATTEMPT_FAILED'
  readonly failure: AttemptFailure
  readonly authority: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(
    failure: AttemptFailure,
    message: string,
    options: { readonly authority?: string; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.failure = failure
    this.authority = options.authority
    this.retryAfterMs = options.retryAfterMs
  }
}
