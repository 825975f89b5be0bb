import type { TransferBuffers, TransferLease } from '../model/ports.ts'

const KIB = 1024
/** Reads of more gain nothing, reads of less cost more system calls per byte. */
const MAX_BUFFER = 1024 * KIB
const MIN_BUFFER = 16 * KIB
/** Beside so many bodies each takes less, so that small requests between them do not wait for many large writes. */
const FEW_BODIES = 4
const MAX_BUFFER_OF_MANY = 512 * KIB
/** A body has one buffer that is read into and one that is written from; TLS holds about one more. */
const BUFFERS_PER_BODY = 3
/** Buffers without a body that are kept for the next one: new memory costs a page fault for every 4 KiB. */
const MAX_SPARE_BYTES = 8 * 1024 * KIB

type Bytes = Uint8Array<ArrayBuffer>

/**
 * Buffers for bodies in transit that keep to `budget` bytes while every body holds two at most: 1 MiB each for a few
 * bodies, down to 16 KiB for thousands. Sizes are powers of two, so that a buffer that one body gave back suits others.
 */
export function createTransferBuffers(budget: number): TransferBuffers {
  const spare = new Map<number, Bytes[]>()
  let spareBytes = 0
  let open = 0
  const size = () => {
    const most = open <= FEW_BODIES ? MAX_BUFFER : MAX_BUFFER_OF_MANY
    return powerOfTwoBelow(Math.min(most, budget / (BUFFERS_PER_BODY * Math.max(1, open))))
  }

  const take = (): Bytes => {
    const wanted = size()
    const found = spare.get(wanted)?.pop()
    if (found === undefined) return new Uint8Array(Buffer.allocUnsafeSlow(wanted).buffer)
    spareBytes -= wanted
    return found
  }
  const give = (buffer: Bytes): void => {
    const bytes = buffer.byteLength
    if (spareBytes + bytes > MAX_SPARE_BYTES) return
    spareBytes += bytes
    const list = spare.get(bytes)
    if (list === undefined) spare.set(bytes, [buffer])
    else list.push(buffer)
  }
  const lease = (): TransferLease => {
    let isOpen = true
    open += 1
    return {
      size,
      take,
      give,
      close: () => {
        if (isOpen) open -= 1
        isOpen = false
      },
    }
  }
  return { open: lease }
}

function powerOfTwoBelow(bytes: number): number {
  return Math.max(MIN_BUFFER, 2 ** Math.floor(Math.log2(bytes)))
}
