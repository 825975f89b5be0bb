import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

/** How an answer went; `complete` is false when either side left before its end. */
export interface Relayed {
  readonly complete: boolean
  /** Body bytes that were handed to the client's connection. */
  readonly bytesOut: number
}

/**
 * Streams an answer to the client under `headers`. When the registry breaks off, the client's connection is cut:
 * a body must never look whole that is not.
 */
export async function relayAnswer(
  answer: IncomingMessage,
  { req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse },
  {
    headers,
    discardBody,
    onPiece,
  }: {
    readonly headers: Readonly<Record<string, string | string[]>>
    readonly discardBody: (req: IncomingMessage) => Promise<void>
    /** Gets each piece of the body, which is valid only during the call. */
    readonly onPiece?: ((piece: Uint8Array) => void) | undefined
  },
): Promise<Relayed> {
  if (res.destroyed) {
    answer.destroy()
    return { complete: false, bytesOut: 0 }
  }
  const isEarly = !req.complete
  if (isEarly) {
    req.unpipe()
    res.setHeader('connection', 'close')
  }
  res.writeHead(answer.statusCode ?? 502, { ...headers })
  // The registry may break off before the first byte of an error's body: the client gets the status all the same.
  if (res.statusCode >= 400) res.flushHeaders()
  let bytesOut = 0
  answer.on('data', (chunk: Buffer) => {
    bytesOut += chunk.length
    onPiece?.(chunk)
  })
  const complete = await pipeline(answer, res, { end: !isEarly }).then(
    () => true,
    () => false,
  )
  if (isEarly) await endEarly(answer, { req, res }, discardBody)
  return { complete, bytesOut: Math.max(0, bytesOut - (complete ? 0 : res.writableLength)) }
}

/** A client that is cut off while it still sends may never read its answer. */
async function endEarly(
  answer: IncomingMessage,
  { req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse },
  discardBody: (req: IncomingMessage) => Promise<void>,
): Promise<void> {
  // The request on this connection will never be finished.
  answer.socket.destroy()
  await discardBody(req)
  res.end()
}
