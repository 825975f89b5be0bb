import type { ServerResponse } from 'node:http'
import type { TransferBuffers } from '../model/ports.ts'
import type { BodySink } from './answer-reader.ts'
import { type BufferPair, createBufferPair } from './buffer-pair.ts'
import type { PipeOptions, Relayed } from './upstream-answer.ts'

/** So much of a body waits until what has to be done before its end is done. */
const END_BYTES = 4096

/** Unless the client has gone before: then its connection is closed, too. */
const CUT = 'the registry broke off'

/** A shorter body is copied, and the big buffers are left to those who need them. */
const SMALL_BODY_BYTES = 64 * 1024

export interface ResponseSinkOptions extends PipeOptions {
  readonly buffers: TransferBuffers
  /** Declared length of the body, if known. */
  readonly size: number | undefined
  /** Goes on reading from the registry. */
  readonly resume: () => void
  /** The client has left: nothing more is wanted. */
  readonly abandon: () => void
}

/** Writes a body to the client; `done` resolves when it is out, or either side has left. */
export function createResponseSink(
  res: ServerResponse,
  options: ResponseSinkOptions,
): { readonly sink: BodySink; readonly done: Promise<Relayed> } {
  const { buffers, size, tap } = options
  const { promise: done, resolve } = Promise.withResolvers<Relayed>()
  const gate = createGate(options.resume)
  const pair = isSmall(size) ? undefined : createBufferPair(buffers, gate.open)
  gate.guard(pair)
  const split = createSplit(options)
  let bytesOut = 0
  let underWay = 0
  let isCut = false
  let onOut: (() => void) | undefined

  const settle = (complete: boolean) => {
    res.off('drain', gate.drained).off('close', onClose)
    pair?.close()
    resolve({ complete, bytesOut, ...(isCut && !complete ? { cut: CUT } : {}) })
  }
  const onClose = () => {
    options.abandon()
    settle(false)
  }
  const send = (piece: Buffer): void => {
    if (piece.length === 0) return
    const lent = pair?.lend(piece)
    underWay += 1
    const hasRoom = res.write(lent === undefined ? Buffer.from(piece) : piece, error => {
      if (error == null) bytesOut += piece.length
      lent?.(error == null)
      underWay -= 1
      if (underWay === 0) onOut?.()
    })
    // What is lent bounds itself.
    if (lent === undefined && !hasRoom) gate.fill()
  }
  const write = (piece: Buffer): void => {
    tap?.(piece)
    send(split.keepEnd(piece))
  }
  const endWith = async (rest: Buffer) => {
    if (!res.destroyed) await options.beforeEnd(bytesOut + rest.length)
    res.once('finish', () => {
      bytesOut += rest.length
      settle(true)
    })
    res.end(rest)
  }
  const whenOut = (then: () => void) => {
    onOut = then
    if (underWay === 0) then()
  }
  const end = (isWhole: boolean, last: readonly Buffer[]): void => {
    isCut = !isWhole && !res.destroyed
    for (const piece of last) tap?.(piece)
    const rest = split.endWith(last)
    if (isWhole && options.end) {
      whenOut(() => void endWith(rest))
      return
    }
    send(rest)
    // What came before a cut is the client's, as the text of an error whose length was wrong.
    whenOut(isWhole ? () => settle(true) : () => void res.destroy())
  }
  res.on('drain', gate.drained).on('close', onClose)
  return { done, sink: { write, isReady: gate.isReady, nextBuffer: () => pair?.next(), end } }
}

function isSmall(size: number | undefined): boolean {
  return size !== undefined && size <= SMALL_BODY_BYTES
}

/** Keeps back the end of a body whose size is known, as a copy: with it the client has the whole. */
function createSplit({ size, end }: Pick<ResponseSinkOptions, 'size' | 'end'>) {
  let taken = 0
  let kept: readonly Buffer[] = []
  return {
    /** What of the piece may go out. */
    keepEnd: (piece: Buffer): Buffer => {
      taken += piece.length
      if (!end || taken !== size) return piece
      const cut = Math.max(0, piece.length - END_BYTES)
      kept = [Buffer.from(piece.subarray(cut))]
      return piece.subarray(0, cut)
    },
    endWith: (last: readonly Buffer[]): Buffer => {
      const pieces = [...kept, ...last]
      return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
    },
  }
}

/** Says when to go on reading: the client's side has room, and the buffer whose turn it is has come home. */
function createGate(resume: () => void) {
  let pair: BufferPair | undefined
  let isFull = false
  let isPaused = false
  const open = () => {
    if (!isPaused || isFull || pair?.isFree() === false) return
    isPaused = false
    resume()
  }
  return {
    open,
    guard: (guarded: BufferPair | undefined) => {
      pair = guarded
    },
    fill: () => {
      isFull = true
    },
    drained: () => {
      isFull = false
      open()
    },
    isReady: () => {
      isPaused = isFull || pair?.isFree() === false
      return !isPaused
    },
  }
}
