import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TransferBuffers } from '../model/ports.ts'
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

/** One write of so much costs about as much as one of a TLS record (16 KiB), which is what Node hands us. */
const BATCH_BYTES = 256 * 1024

/**
 * Sends the body of `req` to `socket`: what comes in one turn of the event loop goes out in one system call. At most
 * a buffer's worth of bytes waits; then the client is not read from until the registry has taken its part.
 */
export function sendRequestBody(
  req: IncomingMessage,
  socket: Socket,
  { buffers, garbage }: { readonly buffers: TransferBuffers; readonly garbage: YoungGarbage },
): RequestBody {
  const isChunked = req.headers['transfer-encoding'] !== undefined
  const lease = buffers.open()
  let bytes = 0
  let batch: Buffer[] = []
  let batchBytes = 0
  let isSent = false
  let due: NodeJS.Immediate | undefined

  const flush = () => {
    if (due !== undefined) clearImmediate(due)
    due = undefined
    if (batchBytes === 0 || socket.destroyed) return
    socket.cork()
    if (isChunked) socket.write(`${batchBytes.toString(16)}\r\n`, 'latin1')
    const last = batch.length - 1
    for (const [index, piece] of batch.entries()) {
      if (index === last && !isChunked) socket.write(piece, resumeIfTaken)
      else socket.write(piece)
    }
    if (isChunked) socket.write('\r\n', 'latin1', resumeIfTaken)
    socket.uncork()
    batch = []
    batchBytes = 0
  }
  const waiting = () => batchBytes + socket.writableLength
  const resumeIfTaken = () => {
    if (req.isPaused() && waiting() <= lease.size() / 2) req.resume()
  }
  const onData = (piece: Buffer) => {
    bytes += piece.length
    garbage(piece.length)
    batchBytes += piece.length
    batch.push(piece)
    if (batchBytes >= Math.min(BATCH_BYTES, lease.size())) flush()
    // Not on the next tick: Node hands over each TLS record in a tick of its own.
    else due ??= setImmediate(flush)
    if (waiting() >= lease.size()) req.pause()
  }
  const onEnd = () => {
    flush()
    if (isChunked) socket.write('0\r\n\r\n', 'latin1')
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
