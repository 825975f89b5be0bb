import { type BodyReader, createBodyReader } from './body-reader.ts'
import { createHeadReader } from './head-reader.ts'
import type { ConnectionReader } from './registry-connection.ts'
import type { ResponseHead } from './response-head.ts'

/** Where the content of a body goes. */
export interface BodySink {
  write(piece: Buffer): void
  nextBuffer(): Uint8Array<ArrayBuffer> | undefined
  /** `false` stops reading until the sink resumes the connection; asked after each read. */
  isReady(): boolean
  /** Nothing follows but `last`: the body is whole, or was cut short. */
  end(isWhole: boolean, last: readonly Buffer[]): void
}

/** Told how an answer comes in; each is called once at most. */
export interface AnswerEvents {
  readonly onHead: (head: ResponseHead) => void
  /** There will be no head. `isSilent`: not a byte has come. */
  readonly onFault: (error: Error | undefined, isSilent: boolean) => void
  /** `isClean`: the answer was read to its very end, nothing came behind it, and the connection goes on. */
  readonly onEnd: (isClean: boolean) => void
}

/** Reads one answer from a connection: its head, and its body when somebody wants it. */
export interface AnswerReader extends ConnectionReader {
  /** What is left of the body goes to `sink`; the caller resumes the connection then. */
  drain(sink: BodySink): void
}

/** Reads the answer to `method`. Between head and body it stops reading. */
export function createAnswerReader(method: string, events: AnswerEvents): AnswerReader {
  const readHead = createHeadReader(method)
  let head: ResponseHead | undefined
  let body: BodyReader | undefined
  let hasBegun = false
  /** Content that came with the head. */
  let held: Buffer[] = []
  let sink: BodySink | undefined
  let state: 'open' | 'whole' | 'cut' = 'open'

  const finish = (isWhole: boolean, isClean: boolean) => {
    if (state !== 'open') return
    state = isWhole ? 'whole' : 'cut'
    if (head === undefined) return
    events.onEnd(isClean && !head.isLast)
    sink?.end(isWhole, [])
  }
  const fail = (error: Error | undefined) => {
    if (state === 'open' && head === undefined) events.onFault(error, !hasBegun)
    finish(false, false)
  }
  const readBody = (piece: Buffer): void => {
    const used = body?.read(piece) ?? 0
    if (body?.isComplete() === true) finish(true, used === piece.length)
  }
  const begin = (piece: Buffer): void => {
    const found = readHead(piece)
    if (found === undefined) return
    head = found.head
    body = createBodyReader(head.framing, content => {
      // The memory is read into again before anybody wants it.
      if (sink === undefined) held.push(Buffer.from(content))
      else sink.write(content)
    })
    try {
      readBody(found.rest)
    } catch (error) {
      // Nobody has seen the head yet, so the whole answer is the fault.
      head = undefined
      throw error
    }
    events.onHead(head)
  }
  return {
    read: piece => {
      if (state !== 'open') return
      hasBegun = true
      try {
        if (head === undefined) begin(piece)
        else readBody(piece)
      } catch (error) {
        fail(error as Error)
      }
    },
    nextBuffer: () => (state === 'open' ? sink?.nextBuffer() : undefined),
    isReady: () => head === undefined || state !== 'open' || (sink?.isReady() ?? false),
    ended: error => {
      if (head?.framing.kind === 'until close' && error === undefined) finish(true, false)
      else fail(error)
    },
    drain: wanted => {
      sink = wanted
      const pieces = held
      held = []
      if (state !== 'open') wanted.end(state === 'whole', pieces)
      else for (const piece of pieces) wanted.write(piece)
    },
  }
}
