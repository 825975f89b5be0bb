import type { TransferBuffers } from '../model/ports.ts'
import type { OpenFile } from './open-file.ts'
import type { Piece, Pieces } from './piece.ts'
import type { Turns } from './turns.ts'

/** Bodies up to this size have memory of their own: a buffer of the budget would mostly be empty. */
const SMALL = 16 * 1024

export interface FilePiecesOptions {
  readonly buffers: TransferBuffers
  readonly turns: Turns
}

/** `length` bytes of a file from `start`; a file that ends before is an error. */
export function filePieces(
  { handle }: Pick<OpenFile, 'handle'>,
  { start, length }: { readonly start: number; readonly length: number },
  { buffers, turns }: FilePiecesOptions,
): Pieces {
  const lender = length <= SMALL ? smallLender(length) : buffers.open()
  const end = start + length
  let position = start

  const next = async (): Promise<Piece | undefined> => {
    if (position >= end) return undefined
    const buffer = lender.take()
    const wanted = Math.min(buffer.byteLength, end - position)
    // After an error the read may still go on, so its buffer is not given back.
    const { bytesRead } = await turns.run(() => handle.read(buffer, 0, wanted, position))
    if (bytesRead === 0) throw new Error(`the file ends ${end - position} bytes too early`)
    position += bytesRead
    return { bytes: buffer.subarray(0, bytesRead), release: () => lender.give(buffer) }
  }
  return { next, close: () => lender.close() }
}

function smallLender(length: number) {
  return { take: () => new Uint8Array(length), give: () => undefined, close: () => undefined }
}
