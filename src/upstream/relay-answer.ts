import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PipeOptions, Relayed, UpstreamAnswer } from './upstream-answer.ts'

/**
 * Streams an answer to the client under `headers`. An answer that comes before the end of the request closes the
 * client's connection, after what is still being sent has been read for a while.
 */
export async function relayAnswer(
  answer: UpstreamAnswer,
  { req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse },
  options: {
    readonly headers: Readonly<Record<string, string | string[]>>
    readonly discardBody: (req: IncomingMessage) => Promise<void>
    readonly tap: PipeOptions['tap']
    readonly beforeEnd: PipeOptions['beforeEnd']
  },
): Promise<Relayed> {
  const { headers, discardBody, tap, beforeEnd } = options
  if (res.destroyed) {
    answer.drop()
    return { complete: false, bytesOut: 0 }
  }
  const isEarly = !req.complete
  if (isEarly) res.setHeader('connection', 'close')
  res.writeHead(answer.status, headers)
  // The registry may break off before the first byte of an error's body: the client gets the status all the same.
  if (res.statusCode >= 400) res.flushHeaders()
  const relayed = await answer.pipe(res, { end: !isEarly, tap, beforeEnd })
  if (isEarly) {
    // The request on this connection will never be finished.
    answer.drop()
    // A client that is cut off while it still sends may never read its answer.
    await discardBody(req)
    res.end()
  }
  return relayed
}
