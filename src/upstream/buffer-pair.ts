import type { TransferBuffers } from '../model/ports.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Two buffers that take turns: one is read into while what the other holds is being written. */
export interface BufferPair {
  /** The buffer to read into next, to be asked for after each read. */
  next(): Bytes
  /** Whether the buffer that was named last may be read into. */
  isFree(): boolean
  /**
   * The function to call when `piece` has been written, with whether that went well; `undefined` for a piece of other
   * memory.
   */
  lend(piece: Buffer): ((isWritten: boolean) => void) | undefined
  /** Gives the buffers back, those that are lent when they come home. */
  close(): void
}

interface Slot {
  buffer: Bytes
  /** Pieces of it that are still being written. */
  lent: number
  /** A write broke off: who knows who still reads from it. */
  isDoubtful: boolean
}

/** A pair from `buffers`; `onFree` is called when a buffer has come home. */
export function createBufferPair(buffers: TransferBuffers, onFree: () => void): BufferPair {
  const lease = buffers.open()
  const slots: Slot[] = []
  let turn = -1
  let isClosed = false

  const isFree = () => (slots[turn]?.lent ?? 0) === 0
  const giveBack = (slot: Slot) => {
    if (slot.lent === 0 && !slot.isDoubtful) lease.give(slot.buffer)
  }
  const fresh = (): Slot => ({ buffer: lease.take(), lent: 0, isDoubtful: false })
  /** The slot whose turn it is, in the size of this moment. */
  const current = (): Slot => {
    const slot = slots[turn]
    if (slot !== undefined && (slot.lent > 0 || slot.buffer.byteLength === lease.size())) return slot
    if (slot !== undefined) giveBack(slot)
    const replaced = fresh()
    slots[turn] = replaced
    return replaced
  }
  return {
    next: () => {
      turn = (turn + 1) % 2
      return current().buffer
    },
    isFree,
    lend: piece => {
      const slot = slots.find(({ buffer }) => buffer.buffer === piece.buffer)
      if (slot === undefined) return undefined
      slot.lent += 1
      return isWritten => {
        slot.lent -= 1
        if (!isWritten) slot.isDoubtful = true
        if (isClosed) giveBack(slot)
        else if (isFree()) onFree()
      }
    },
    close: () => {
      if (isClosed) return
      isClosed = true
      lease.close()
      for (const slot of slots) giveBack(slot)
    },
  }
}
