import { parseResponseHead, type ResponseHead } from './response-head.ts'

/** Longest head of an answer, in bytes. */
const MAX_HEAD = 64 * 1024
const HEAD_END = '\r\n\r\n'

/** A head, and what came behind it. */
interface FoundHead {
  readonly head: ResponseHead
  readonly rest: Buffer
}

/**
 * A function to call with what comes in, until it returns the head of the answer to `method` and what came behind it.
 * Interim answers (1xx) are passed over; we have given the client its 100 already.
 * @throws Error for a head that is malformed or longer than 64 KiB.
 */
export function createHeadReader(method: string): (piece: Buffer) => FoundHead | undefined {
  let early = Buffer.alloc(0)
  return function readHead(piece): FoundHead | undefined {
    early = Buffer.concat([early, piece])
    const end = early.indexOf(HEAD_END)
    if (end > MAX_HEAD || (end === -1 && early.length > MAX_HEAD)) {
      throw new Error('the head of the answer is too long')
    }
    if (end === -1) return undefined
    const head = parseResponseHead(early.toString('latin1', 0, end), method)
    const rest = early.subarray(end + HEAD_END.length)
    if (head.status === 101) throw new Error('the registry wants to speak another protocol')
    early = Buffer.alloc(0)
    return head.status >= 200 ? { head, rest } : readHead(rest)
  }
}
