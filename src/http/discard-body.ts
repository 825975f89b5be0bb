import type { IncomingMessage } from 'node:http'
import { isHttp2 } from './http2-request.ts'

const LINGER_MS = 2_000
const LINGER_BYTES = 16 * 1024 * 1024

/**
 * Reads and drops the rest of a request body after an early answer, so that the client sees the answer before its
 * connection is cut. Resolves at the end of the body, when the client leaves, after 2 s or 16 MiB.
 * Spec: RFC 9112 §9.6.
 */
export async function discardBody(req: IncomingMessage): Promise<void> {
  if (req.destroyed || req.readableEnded) return
  // A stream ends without its connection (RFC 9113 §8.1), and its client reads the answer all the same.
  if (isHttp2(req)) return
  await new Promise<void>(resolve => {
    let left = LINGER_BYTES
    const timer = setTimeout(resolve, LINGER_MS)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    req.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left <= 0) done()
    })
    req.once('end', done).once('close', done).once('error', done)
    // A pipe that broke has paused it.
    req.resume()
  })
}
