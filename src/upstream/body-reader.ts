import { createChunkedBody } from './chunked-body.ts'
import type { BodyFraming } from './response-head.ts'

/** Finds the content of a body, and its end, in what comes in. */
export interface BodyReader {
  /**
   * Hands on the content in `piece`; returns how many of its bytes belong to the body, all unless it ends within.
   * @throws Error on broken framing.
   */
  read(piece: Buffer): number
  isComplete(): boolean
}

/** A reader for a body that is framed so; its content goes to `emit` in pieces of what was read. */
export function createBodyReader(framing: BodyFraming, emit: (content: Buffer) => void): BodyReader {
  switch (framing.kind) {
    case 'none':
      return bodyOfLength(0, emit)
    case 'length':
      return bodyOfLength(framing.bytes, emit)
    case 'chunked':
      return createChunkedBody(emit)
    case 'until close':
      return bodyOfLength(Number.POSITIVE_INFINITY, emit)
  }
}

function bodyOfLength(bytes: number, emit: (content: Buffer) => void): BodyReader {
  let left = bytes
  return {
    read: piece => {
      const content = piece.length <= left ? piece : piece.subarray(0, left)
      left -= content.length
      if (content.length > 0) emit(content)
      return content.length
    },
    isComplete: () => left === 0,
  }
}
