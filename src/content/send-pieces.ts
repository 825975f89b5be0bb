import type { ServerResponse } from 'node:http'
import type { Piece, Pieces } from './piece.ts'

/** How a body went to the client. */
export interface SentBody {
  readonly complete: boolean
  /** Bytes that were handed to the client's connection. */
  readonly bytesOut: number
  /** Why its end is missing, when that is not the client's doing; its connection is cut then. */
  readonly fault?: unknown
}

/** Awaited before the last bytes go out, with all that will then be out. Never rejects. */
export type BeforeEnd = (bytesOut: number) => Promise<void> | undefined

interface BodyOptions {
  readonly length: number
  readonly tap?: ((piece: Uint8Array) => void) | undefined
  readonly beforeEnd: BeforeEnd
}

const END_BYTES = 4096

/**
 * Sends a body of `length` bytes after the head, reading each piece while the one before is written.
 * Never throws: a body that cannot be read to its end must not look whole.
 */
export async function sendPieces(
  res: ServerResponse,
  pieces: Pieces,
  { length, tap, beforeEnd }: BodyOptions,
): Promise<SentBody> {
  let bytesOut = 0
  let underway = Promise.resolve(true)
  try {
    while (bytesOut < length) {
      const piece = await pieces.next()
      if (piece === undefined) throw new Error(`the body ends ${length - bytesOut} bytes too early`)
      if (!(await underway)) {
        piece.release()
        return left(res, bytesOut)
      }
      tap?.(piece.bytes)
      bytesOut += piece.bytes.byteLength
      underway = bytesOut < length ? write(res, piece) : writeLast(res, piece, () => beforeEnd(length))
    }
  } catch (fault) {
    const isLeft = res.destroyed
    res.destroy()
    await underway
    return isLeft ? left(res, bytesOut) : { ...left(res, bytesOut), fault }
  }
  const isOut = (await underway) && (await end(res))
  return isOut ? { complete: true, bytesOut } : left(res, bytesOut)
}

/** The end of the body waits for `beforeEnd`: until its last bytes are out no client takes it for whole. */
async function writeLast(
  res: ServerResponse,
  { bytes, release }: Piece,
  beforeEnd: () => Promise<void> | undefined,
): Promise<boolean> {
  const cut = Math.max(0, bytes.byteLength - END_BYTES)
  const isOut = cut === 0 || (await write(res, { bytes: bytes.subarray(0, cut), release: () => undefined }))
  if (isOut && !res.destroyed) await beforeEnd()
  return isOut ? write(res, { bytes: bytes.subarray(cut), release }) : released(release)
}

function released(release: () => void): boolean {
  release()
  return false
}

/** Ends an answer whose whole body has been written; resolves to whether it went out. */
export function end(res: ServerResponse): Promise<boolean> {
  if (res.destroyed) return Promise.resolve(false)
  return new Promise(resolve => {
    res.once('close', () => resolve(res.writableFinished))
    res.end(() => resolve(true))
  })
}

/** Resolves to whether the client took it; its buffer is free only when the connection says so. */
function write(res: ServerResponse, piece: Piece): Promise<boolean> {
  if (res.destroyed) {
    piece.release()
    return Promise.resolve(false)
  }
  return new Promise(resolve => {
    const onClose = () => resolve(false)
    res.once('close', onClose)
    res.write(piece.bytes, error => {
      piece.release()
      res.off('close', onClose)
      resolve(!error)
    })
  })
}

function left(res: ServerResponse, bytesOut: number): SentBody {
  return { complete: false, bytesOut: Math.max(0, bytesOut - res.writableLength) }
}
