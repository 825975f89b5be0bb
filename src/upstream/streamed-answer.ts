import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { UpstreamAnswer } from './upstream-answer.ts'

/** An answer, to a request without a body, whose own body is an ordinary stream. */
export function streamedAnswer(
  head: Pick<UpstreamAnswer, 'status' | 'headers'>,
  body: Readable,
): UpstreamAnswer {
  // It may fail before anybody reads it.
  body.on('error', () => undefined)
  return {
    ...head,
    bytesIn: () => 0,
    drop: () => void body.destroy(),
    pipe: async (res, { end, tap }) => {
      let bytesOut = 0
      body.on('data', (piece: Buffer) => {
        bytesOut += piece.length
        tap?.(piece)
      })
      const complete = await pipeline(body, res, { end }).then(
        () => true,
        () => false,
      )
      return { complete, bytesOut: Math.max(0, bytesOut - (complete ? 0 : res.writableLength)) }
    },
  }
}
