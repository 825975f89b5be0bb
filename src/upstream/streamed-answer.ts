import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { PipeOptions, UpstreamAnswer } from './upstream-answer.ts'

/** An answer, to a request without a body, whose own body is an ordinary stream. */
export function streamedAnswer(
  head: Pick<UpstreamAnswer, 'status' | 'headers'>,
  body: Readable,
): UpstreamAnswer {
  // It may fail before anybody reads it.
  body.on('error', () => undefined)
  const length = Number(head.headers['content-length'] ?? Number.NaN)
  return {
    ...head,
    bytesIn: () => 0,
    drop: () => void body.destroy(),
    pipe: async (res, { end, tap, beforeEnd }) => {
      let bytesOut = 0
      const count = (piece: Uint8Array) => {
        bytesOut += piece.length
        tap?.(piece)
        return bytesOut
      }
      // A body that is stuck would not notice that its client is gone.
      res.once('close', () => body.destroy())
      const complete = await pipeline(piecesOf(body, length, { count, beforeEnd }), res, { end }).then(
        () => true,
        () => false,
      )
      return { complete, bytesOut: Math.max(0, bytesOut - (complete ? 0 : res.writableLength)) }
    },
  }
}

interface Steps extends Pick<PipeOptions, 'beforeEnd'> {
  /** Takes a piece and returns the bytes of all so far. */
  readonly count: (piece: Uint8Array) => number
}

/** The body as it comes; what ends it waits for `beforeEnd`: its last piece, or without a length the end itself. */
async function* piecesOf(
  body: Readable,
  length: number,
  { count, beforeEnd }: Steps,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    bytes = count(piece)
    if (bytes === length) await beforeEnd(bytes)
    yield piece
  }
  if (Number.isNaN(length)) await beforeEnd(bytes)
}
