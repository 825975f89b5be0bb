import type { ServerResponse } from 'node:http'
import type { Transfer } from '../model/exchange.ts'
import type { ContentExchange } from './content-exchange.ts'
import type { Pieces } from './piece.ts'
import { type BeforeEnd, type SentBody, sendPieces } from './send-pieces.ts'
import type { StoredHead } from './stored-answer.ts'

/** A head to send, with its body unless that is left out. */
export interface StoredReply {
  readonly head: StoredHead
  readonly body?: Uint8Array | undefined
}

/** A larger body goes piece by piece, so that what reached a client that leaves is known. */
const PIECE_BYTES = 64 * 1024

/** Answers from memory as the forwarder would. @throws what `beforeAnswer` throws. */
export async function sendStored(
  { res, beforeAnswer, beforeEnd, tap }: Pick<ContentExchange, 'res' | 'beforeAnswer' | 'beforeEnd' | 'tap'>,
  { head, body }: StoredReply,
): Promise<Transfer> {
  // What has already been torn down reports no end any more; 499 is the customary number for that.
  if (res.destroyed) return { status: 499, complete: false, bytesIn: 0, bytesOut: 0 }
  await beforeAnswer(head.shown)
  if (tap !== undefined) tap(head.shown)?.(body ?? NOTHING)
  const transferOf = ({ complete, bytesOut }: SentBody): Transfer => {
    return { status: head.status, complete, bytesIn: 0, bytesOut, ...head.facts }
  }
  const end: BeforeEnd = bytesOut => beforeEnd?.(transferOf({ complete: true, bytesOut }))
  if (res.destroyed) return transferOf(UNSENT)
  if (body !== undefined && body.length > PIECE_BYTES) {
    res.writeHead(head.status, head.headers)
    return transferOf(await sendPieces(res, piecesOf(body), { length: body.length, beforeEnd: end }))
  }
  await end(body?.length ?? 0)
  return transferOf(res.destroyed ? UNSENT : await send(res, { head, body }))
}

const NOTHING = new Uint8Array()
const UNSENT: SentBody = { complete: false, bytesOut: 0 }

function send(res: ServerResponse, { head, body }: StoredReply): Promise<SentBody> {
  const { status, headers } = head
  return new Promise(resolve => {
    res.once('close', () => {
      const complete = res.writableFinished
      const length = body?.length ?? 0
      resolve({ complete, bytesOut: complete ? length : Math.max(0, length - res.writableLength) })
    })
    // In one write.
    res.writeHead(status, headers)
    res.end(body)
  })
}

function piecesOf(body: Uint8Array): Pieces {
  let at = 0
  return {
    next: async () => {
      const bytes = body.subarray(at, at + PIECE_BYTES)
      at += bytes.length
      return bytes.length === 0 ? undefined : { bytes, release: () => undefined }
    },
    close: () => undefined,
  }
}
