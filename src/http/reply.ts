import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OciError } from '../model/errors.ts'
import { hasBody } from '../model/has-body.ts'
import { errorBody } from '../oci/error-body.ts'
import { discardBody } from './discard-body.ts'

/** An answer that is complete in memory. */
export interface Reply {
  readonly status: number
  readonly body: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
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
  })
}
