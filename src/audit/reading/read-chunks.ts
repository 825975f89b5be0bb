import type { FileHandle } from 'node:fs/promises'

/** Bytes of one chunk at most. */
export const CHUNK_BYTES = 256 * 1024

/** The bytes of an open file from `from` on, before `until`. `onBytes` is told of each chunk. */
export async function* readChunks(
  handle: FileHandle,
  options: {
    readonly from?: number
    readonly until?: number
    readonly onBytes?: ((bytes: number) => void) | undefined
  },
): AsyncGenerator<Buffer> {
  const { from = 0, until = Number.POSITIVE_INFINITY, onBytes } = options
  for (let at = from; at < until; ) {
    const length = Math.min(CHUNK_BYTES, until - at)
    // A new buffer each time: the lines are views of it.
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(length), 0, length, at)
    if (bytesRead === 0) return
    at += bytesRead
    onBytes?.(bytesRead)
    yield buffer.subarray(0, bytesRead)
  }
}
