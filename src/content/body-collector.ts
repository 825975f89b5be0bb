import { createHash } from 'node:crypto'

/** The pieces of one body as they pass. */
export interface CollectedBody {
  add(piece: Uint8Array): void
  /** The whole body when its length and its sha256 are as announced; the memory is given up otherwise. Called once. */
  finish(digest: string): Uint8Array | undefined
}

/** Makes room for bodies that may be kept. */
export interface BodyCollector {
  /** Room for a body of `size` bytes, or undefined while too many are under way. */
  open(size: number): CollectedBody | undefined
}

/** All bodies under way together take at most `maxBytes`. */
export function createBodyCollector(maxBytes: number): BodyCollector {
  let open = 0
  return {
    open: size => {
      if (open + size > maxBytes) return undefined
      open += size
      const bytes = Buffer.allocUnsafeSlow(size)
      let length = 0
      return {
        add: piece => {
          if (length + piece.length <= size) bytes.set(piece, length)
          length += piece.length
        },
        finish: digest => {
          open -= size
          return length === size && digest === `sha256:${sha256(bytes)}` ? bytes : undefined
        },
      }
    },
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
