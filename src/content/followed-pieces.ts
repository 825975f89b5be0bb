import type { TransferBuffers } from '../model/ports.ts'
import type { BlobFill } from './blob-fill.ts'
import type { BlobSource } from './blob-source.ts'
import type { Piece, Pieces } from './piece.ts'

export interface FollowOptions {
  readonly size: number
  readonly buffers: TransferBuffers
  /** Where the rest comes from when the disk fails on the way. */
  readonly source: BlobSource
  /** Called when this client needs the fill no more. */
  readonly leave: () => void
}

/**
 * The pieces of a blob while it is filled, each as soon as it is there. When the disk fails, the rest comes from the
 * registry; when the registry does, or its bytes are not the blob's, there is no end.
 */
export function followedPieces(fill: BlobFill, { size, buffers, source, leave }: FollowOptions): Pieces {
  const left = Promise.withResolvers<never>()
  left.promise.catch(() => undefined) // nobody may be waiting
  const lease = buffers.open()
  const stop = new AbortController()
  let position = 0
  let rest: AsyncIterator<Uint8Array> | undefined

  const read = async (): Promise<Piece | undefined> => {
    const available = fill.readable() - position
    if (available <= 0) return undefined
    const buffer = lease.take()
    const wanted = Math.min(buffer.byteLength, available)
    const count = await fill.read(buffer, wanted, position)
    if (count === 0) throw new Error('the file of a blob is shorter than what was written to it')
    position += count
    return { bytes: buffer.subarray(0, count), release: () => lease.give(buffer) }
  }
  const passOn = async (): Promise<Piece> => {
    rest ??= await restOf({ fill, source }, { position, size, signal: stop.signal })
    const { value, done } = await rest.next()
    if (done) throw new Error('the registry did not send the rest of a blob')
    position += value.byteLength
    return { bytes: value, release: () => undefined }
  }
  /** Waits for more; the first piece of the rest when the disk will give no more. */
  const more = async (): Promise<Piece | undefined> => {
    const end = fill.end()
    if (end?.outcome === 'disk') return passOn()
    if (end !== undefined && end.outcome !== 'whole') throw end.error
    if (end === undefined) await Promise.race([fill.changed(), left.promise])
    return undefined
  }
  const next = async (): Promise<Piece | undefined> => {
    while (position < size) {
      const piece = rest === undefined ? await read().catch(passOn) : await passOn()
      const found = piece ?? (await more())
      if (found !== undefined) return found
    }
    return undefined
  }
  let isClosed = false
  const close = () => {
    if (isClosed) return
    isClosed = true
    stop.abort()
    left.reject(new Error('the client has left'))
    lease.close()
    leave()
  }
  return { next, close }
}

async function restOf(
  { fill, source }: { readonly fill: BlobFill; readonly source: BlobSource },
  from: { readonly position: number; readonly size: number; readonly signal: AbortSignal },
): Promise<AsyncIterator<Uint8Array>> {
  const { position, size, signal } = from
  const { status, length, body, discard } = await source.fetch({ ...fill.blob, from: position }, signal)
  const isRest = status === (position === 0 ? 200 : 206) && length === size - position
  if (isRest) return body[Symbol.asyncIterator]()
  discard()
  throw new Error(`the registry answered ${status} to a question for the rest of a blob`)
}
