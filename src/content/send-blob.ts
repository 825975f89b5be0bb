import type { Transfer } from '../model/exchange.ts'
import { answerFacts } from '../oci/answer-facts.ts'
import type { BlobAnswer, BlobFacts } from './blob-answer.ts'
import type { ContentExchange } from './content-exchange.ts'
import type { Pieces } from './piece.ts'
import { type BeforeEnd, end, type SentBody, sendPieces } from './send-pieces.ts'

const CUT = 'the blob could not be read to its end'

/** A blob, what is said of it to this client, and its bytes; without them the answer has no body. */
export interface BlobToSend {
  readonly blob: BlobFacts
  readonly answer: BlobAnswer
  readonly pieces: Pieces | undefined
  /** Told why a body was cut short on our side. */
  readonly onFault: (fault: unknown) => void
}

/**
 * Sends a blob as the registry would; closes the pieces. Resolves to what went over the wire.
 * @throws whatever `beforeAnswer` throws, before the head is out.
 */
export async function sendBlob(exchange: ContentExchange, sending: BlobToSend): Promise<Transfer> {
  const { blob, answer, pieces, onFault } = sending
  try {
    const { status, headers } = answer
    const transferOf = ({ complete, bytesOut, fault }: SentBody): Transfer => ({
      status,
      complete,
      ...(fault === undefined ? {} : { cut: CUT }),
      bytesIn: 0,
      bytesOut,
      ...answerFacts(headers),
      digest: blob.digest,
    })
    const sent = await send(exchange, sending, bytesOut =>
      exchange.beforeEnd?.(transferOf({ complete: true, bytesOut })),
    )
    if (sent.fault !== undefined) onFault(sent.fault)
    return transferOf(sent)
  } finally {
    pieces?.close()
  }
}

async function send(
  { res, beforeAnswer, tap }: ContentExchange,
  { answer, pieces }: BlobToSend,
  beforeEnd: BeforeEnd,
): Promise<SentBody> {
  const { status, headers, length } = answer
  const head = { status, headers, bytesIn: 0 }
  await beforeAnswer(head)
  if (res.destroyed) return { complete: false, bytesOut: 0 }
  const tapped = tap?.(head)
  res.writeHead(status, { ...headers })
  if (pieces !== undefined) return sendPieces(res, pieces, { length, tap: tapped, beforeEnd })
  await beforeEnd(0)
  return { complete: await end(res), bytesOut: 0 }
}
