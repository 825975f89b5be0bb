import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TransferBuffers, TransferLease } from '../model/ports.ts'
import type { YoungGarbage } from './young-garbage.ts'

/** The body of a client's request on its way to the registry. */
export interface RequestBody {
  /** Content that was taken from the client so far, bytes. */
  bytes(): number
  /** The whole body, and its end, is with the kernel or on its way there. */
  isSent(): boolean
  /** Sends no more. */
  stop(): void
}

/** What comes in one turn of the event loop goes out in one write, at the latest when it is so much. */
const BATCH_BYTES = 256 * 1024

/**
 * Sends the body of `req` to `socket`. Node hands over each TLS record, 16 KiB, on its own; they are gathered, since a
 * write of so little costs more than copying it. At most two buffers' worth of bytes waits; then the client is not read
 * from until the registry has taken its part.
 */
export function sendRequestBody(
  req: IncomingMessage,
  socket: Socket,
  { buffers, garbage }: { readonly buffers: TransferBuffers; readonly garbage: YoungGarbage },
): RequestBody {
  const lease = buffers.open()
  const batch = createBatch(lease, req.headers['transfer-encoding'] !== undefined)
  let bytes = 0
  let isSent = false
  let due: NodeJS.Immediate | undefined

  const flush = (end = false) => {
    if (due !== undefined) clearImmediate(due)
    due = undefined
    const sent = batch.take(end)
    if (sent === undefined || socket.destroyed) return
    socket.write(sent.framed, error => {
      // A write that broke off may still read from it.
      if (error == null) sent.giveBack()
      if (req.isPaused() && socket.writableLength <= lease.size() / 2) req.resume()
    })
  }
  const onData = (piece: Buffer) => {
    bytes += piece.length
    garbage(piece.length)
    for (let rest = piece; rest.length > 0; ) {
      rest = rest.subarray(batch.add(rest))
      if (batch.isFull()) flush()
    }
    // Not on the next tick: each TLS record comes in a tick of its own.
    if (batch.bytes() > 0) due ??= setImmediate(flush, false)
    if (socket.writableLength >= lease.size()) req.pause()
  }
  const onEnd = () => {
    flush(true)
    isSent = true
    lease.close()
  }
  req.on('data', onData).once('end', onEnd)
  return {
    bytes: () => bytes,
    isSent: () => isSent,
    stop: () => {
      req.off('data', onData).off('end', onEnd)
      if (due !== undefined) clearImmediate(due)
      lease.close()
      // Without a listener what comes would be lost.
      if (!req.readableEnded) req.pause()
    },
  }
}

/** Room for the size of a chunk before its content: `100000`, CR, LF. */
const PREFIX_BYTES = 8
/** The end of a chunk, and of the last one. */
const SUFFIX = '\r\n'
const LAST_CHUNK = '0\r\n\r\n'
const RESERVED_BYTES = PREFIX_BYTES + SUFFIX.length + LAST_CHUNK.length

/** What is written at once: content in a buffer, framed as a chunk if wanted. */
interface Batch {
  /** Bytes of content that wait. */
  bytes(): number
  isFull(): boolean
  /** Copies as much as there is room for; returns how much. */
  add(piece: Buffer): number
  /** What is to be sent now, nothing without content, but for the end of a body in chunks. */
  take(end: boolean): { readonly framed: Uint8Array; readonly giveBack: () => void } | undefined
}

function createBatch(lease: TransferLease, isChunked: boolean): Batch {
  let buffer: Buffer<ArrayBuffer> | undefined
  let used = 0
  let room = 0
  const open = (): Buffer<ArrayBuffer> => {
    const { buffer: memory } = lease.take()
    buffer = Buffer.from(memory)
    room = Math.min(BATCH_BYTES, buffer.length) - RESERVED_BYTES
    return buffer
  }
  return {
    bytes: () => used,
    isFull: () => buffer !== undefined && used === room,
    add: piece => {
      const target = buffer ?? open()
      const taken = piece.copy(target, PREFIX_BYTES + used, 0, Math.min(piece.length, room - used))
      used += taken
      return taken
    },
    take: end => {
      if (used === 0 && !(end && isChunked)) return undefined
      const taken = buffer ?? open()
      const framed = isChunked ? frame(taken, used, end) : taken.subarray(PREFIX_BYTES, PREFIX_BYTES + used)
      buffer = undefined
      used = 0
      return { framed, giveBack: () => lease.give(new Uint8Array(taken.buffer)) }
    },
  }
}

/** The chunk around the content that begins at PREFIX_BYTES, and the last chunk if it is the end. Spec: RFC 9112 §7.1. */
function frame(buffer: Buffer, length: number, end: boolean): Uint8Array {
  const after = PREFIX_BYTES + length
  if (length === 0) return buffer.subarray(0, buffer.write(LAST_CHUNK, 'latin1'))
  const prefix = `${length.toString(16)}\r\n`
  const start = PREFIX_BYTES - prefix.length
  buffer.write(prefix, start, 'latin1')
  const written = buffer.write(end ? SUFFIX + LAST_CHUNK : SUFFIX, after, 'latin1')
  return buffer.subarray(start, after + written)
}
