import type { ServerResponse } from 'node:http'
import type { TransferBuffers } from '../model/ports.ts'
import type { BodySink } from './answer-reader.ts'
import { type BufferPair, createBufferPair } from './buffer-pair.ts'
import type { Relayed } from './upstream-answer.ts'

/** A shorter body is copied, and the big buffers are left to those who need them. */
const SMALL_BODY_BYTES = 64 * 1024

export interface ResponseSinkOptions {
  readonly buffers: TransferBuffers
  /** Declared length of the body, if known. */
  readonly size: number | undefined
  /** Whether the answer ends with the body. */
  readonly end: boolean
  readonly tap: ((piece: Uint8Array) => void) | undefined
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
  const isSmall = size !== undefined && size <= SMALL_BODY_BYTES
  const pair = isSmall ? undefined : createBufferPair(buffers, gate.open)
  gate.guard(pair)
  let bytesOut = 0
  let underWay = 0
  let onOut: (() => void) | undefined

  const settle = (complete: boolean) => {
    res.off('drain', gate.drained).off('close', onClose)
    pair?.close()
    resolve({ complete, bytesOut })
  }
  const onClose = () => {
    options.abandon()
    settle(false)
  }
  const write = (piece: Buffer): void => {
    tap?.(piece)
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
  const endWith = (rest: Buffer) => {
    tap?.(rest)
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
    const rest = last.length === 1 ? (last[0] as Buffer) : Buffer.concat(last)
    const isAll = isWhole && options.end
    if (!isAll && rest.length > 0) write(rest)
    if (isAll) endWith(rest)
    // What came before a cut is the client's, as the text of an error whose length was wrong.
    else whenOut(isWhole ? () => settle(true) : () => void res.destroy())
  }
  res.on('drain', gate.drained).on('close', onClose)
  return { done, sink: { write, isReady: gate.isReady, nextBuffer: () => pair?.next(), end } }
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
