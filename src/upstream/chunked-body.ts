import type { BodyReader } from './body-reader.ts'

/** Longest line between chunks, with its extensions; the same for all trailers together. */
const MAX_LINE = 4_096
const SIZE = /^([0-9a-f]{1,13})[ \t]*(?:;|$)/i
const LF = 0x0a

type Stage = 'size' | 'content' | 'content end' | 'trailer' | 'complete'

/** A body of `Transfer-Encoding: chunked`, whose content goes to `emit`. Trailers are dropped. Spec: RFC 9112 §7.1. */
export function createChunkedBody(emit: (content: Buffer) => void): BodyReader {
  const readLine = createLineReader()
  let stage: Stage = 'size'
  let left = 0
  let trailerBytes = 0

  const atLine: Readonly<Record<Exclude<Stage, 'content' | 'complete'>, (line: string) => Stage>> = {
    size: line => {
      left = sizeOf(line)
      return left === 0 ? 'trailer' : 'content'
    },
    'content end': line => {
      if (line !== '') throw new Error('a chunk of the answer is longer than its size')
      return 'size'
    },
    trailer: line => {
      trailerBytes += line.length + 2
      if (trailerBytes > MAX_LINE) throw new Error('the trailers of the answer are too long')
      return line === '' ? 'complete' : 'trailer'
    },
  }
  const readContent = (piece: Buffer): number => {
    const content = piece.subarray(0, left)
    left -= content.length
    if (left === 0) stage = 'content end'
    emit(content)
    return content.length
  }
  return {
    read: piece => {
      let at = 0
      while (at < piece.length && stage !== 'complete') {
        const rest = piece.subarray(at)
        if (stage === 'content') {
          at += readContent(rest)
          continue
        }
        const { bytes, line } = readLine(rest)
        at += bytes
        if (line !== undefined) stage = atLine[stage](line)
      }
      return at
    },
    isComplete: () => stage === 'complete',
  }
}

/** Takes one line off what comes in; it may come in parts. */
function createLineReader(): (piece: Buffer) => { readonly bytes: number; readonly line?: string } {
  let early = ''
  return piece => {
    const end = piece.indexOf(LF)
    const bytes = end === -1 ? piece.length : end + 1
    early += piece.toString('latin1', 0, bytes)
    if (early.length > MAX_LINE) throw new Error('a line between the chunks of the answer is too long')
    if (end === -1) return { bytes }
    if (!early.endsWith('\r\n')) throw new Error('a line between the chunks of the answer has no proper end')
    const line = early.slice(0, -2)
    early = ''
    return { bytes, line }
  }
}

function sizeOf(line: string): number {
  const [, size] = SIZE.exec(line) ?? []
  if (size === undefined) throw new Error('a chunk of the answer has a malformed size')
  return Number.parseInt(size, 16)
}
