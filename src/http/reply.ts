import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { OciError } from '../model/errors.ts'
import { hasBody } from '../model/has-body.ts'
import { errorBody } from '../oci/error-body.ts'
import { discardBody } from './discard-body.ts'

const MAX_EXPLANATION = 200

/** An answer that is complete in memory. */
export interface Reply {
  readonly status: number
  readonly body: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Why, for the status line of an answer from 500 on: docker, podman and skopeo show nothing else of it. */
  readonly explanation?: string
}

/** Sends `reply`; with HEAD only the head. Resolves when it is out or the client is gone. */
export async function sendReply(req: IncomingMessage, res: ServerResponse, reply: Reply): Promise<void> {
  if (res.headersSent || res.destroyed) {
    res.destroy()
    return
  }
  const body = Buffer.from(reply.body)
  const headers: Record<string, string | number> = { ...reply.headers }
  if (reply.status !== 204) headers['content-length'] = body.length
  // Old containers/image parses the body of a JSON HEAD answer and stumbles over its absence.
  if (req.method !== 'HEAD' && body.length > 0)
    headers['content-type'] = reply.type ?? 'text/plain; charset=utf-8'
  const bodyUnread = !req.complete && hasBody(req.headers)
  if (bodyUnread) headers['connection'] = 'close'
  if (reply.status >= 500 && reply.explanation !== undefined) {
    res.statusMessage = statusText(reply.status, reply.explanation)
  }
  res.writeHead(reply.status, headers)
  if (req.method !== 'HEAD') res.write(body)
  else res.flushHeaders()
  // A client that waits for our 100 has not begun to send.
  if (bodyUnread && req.headers.expect === undefined) await discardBody(req)
  await new Promise<void>(resolve => {
    res.once('close', resolve)
    res.end(() => resolve())
  })
}

/** Sends the registry's JSON error envelope. */
export async function sendOciError(
  req: IncomingMessage,
  res: ServerResponse,
  error: OciError,
): Promise<void> {
  await sendReply(req, res, {
    status: error.status,
    body: errorBody(error),
    type: 'application/json',
    headers: error.headers,
    explanation: error.message,
  })
}

/** RFC 9112 §4; HTTP/2 has none. */
function statusText(status: number, explanation: string): string {
  return `${STATUS_CODES[status]}: ${explanation.slice(0, MAX_EXPLANATION).replace(/[^ -~]/g, '?')}`
}
