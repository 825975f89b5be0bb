import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuditOutcome } from '../model/audit-event.ts'
import {
  AuditUnwritable,
  AuthnUnavailable,
  AuthzUnavailable,
  OciError,
  UpstreamUnavailable,
} from '../model/errors.ts'
import type { Peer } from '../model/exchange.ts'
import type { Log } from '../model/ports.ts'
import { HiddenRefusal, sendHidden } from './hidden-refusal.ts'
import { sendOciError } from './reply.ts'

const RETRY_SECONDS = 5

/** The answer to any error of a request: what a client may know of it. Unknown errors become a bare 500. */
export function asOciError(error: unknown): OciError {
  if (error instanceof OciError) return error
  if (error instanceof AuthnUnavailable || error instanceof AuthzUnavailable) {
    return unavailable(error.message, error, error.retryAfterSeconds)
  }
  if (error instanceof UpstreamUnavailable && error.phase === 'refused') {
    return new OciError('UNKNOWN', error.message, { status: 502, cause: error })
  }
  if (error instanceof UpstreamUnavailable) return unavailable(error.message, error, RETRY_SECONDS)
  if (error instanceof AuditUnwritable) {
    return unavailable(
      'the audit log cannot be written, so the operation is not confirmed, though it may have been done',
      error,
      RETRY_SECONDS,
    )
  }
  return new OciError('UNKNOWN', 'internal error; the operator finds it in the log by X-Request-Id', {
    cause: error,
  })
}

/** The outcome of a request that ended in this answer, which is no refusal; what nobody looked at, for want of room, is limited. */
export function outcomeOfFailure({ status, cause }: OciError): AuditOutcome {
  const isUnavailable = cause instanceof AuthnUnavailable || cause instanceof AuthzUnavailable
  return status === 429 || (isUnavailable && cause.isOverload) ? 'limited' : 'failed'
}

/**
 * Logs what the operator has to look into. Too many logins at once are a client's doing, and in the audit log; that
 * this cannot be written is said once, not for each request that was not let in.
 */
export function logFailure(
  log: Log,
  { id, path }: Pick<Peer, 'id' | 'path'>,
  { answer, error }: { readonly answer: OciError; readonly error: unknown },
): void {
  if (answer.status < 500) return
  const isKeptOut = error === answer && answer.cause instanceof AuditUnwritable
  const level = isKeptOut ? 'debug' : error instanceof AuthnUnavailable ? 'warn' : 'error'
  log[level](answer.message, { id, path, error })
}

/** Answers with `error`; once a head is out only cutting the connection can tell the client. */
export async function sendFailure(req: IncomingMessage, res: ServerResponse, error: OciError): Promise<void> {
  if (res.headersSent) {
    res.destroy()
    return
  }
  if (error instanceof HiddenRefusal) sendHidden(req, res, error)
  else await sendOciError(req, res, error)
}

function unavailable(message: string, cause: Error, seconds: number): OciError {
  return new OciError('UNAVAILABLE', message, { headers: { 'retry-after': String(seconds) }, cause })
}
