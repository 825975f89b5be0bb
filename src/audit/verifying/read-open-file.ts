import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { messageOf } from '../../model/message-of.ts'
import { createLineSplitter, type LineItem, LONGEST_LINE } from '../reading/split-lines.ts'
import type { OpenLogFile } from './open-log.ts'

const CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a

/**
 * The lines of an open file, in batches, up to the size that it had when it was opened; a line that was being written
 * then is read to its end. `onBytes` is told how far reading has come, in bytes of the file since the last time.
 * A compressed file that is damaged ends in a fault.
 */
export async function* readOpenFile(
  file: OpenLogFile,
  onBytes: (bytes: number) => void,
): AsyncGenerator<LineItem> {
  const splitter = createLineSplitter()
  const chunks = readChunks(file, onBytes)
  try {
    for await (const chunk of file.isCompressed ? unpack(chunks) : chunks) yield* splitter.push(chunk)
    if (!file.isCompressed) yield* splitter.push(await restOfLine(file))
    yield* splitter.end()
  } catch (error) {
    if (!file.isCompressed || !isOfCompression(error)) throw error
    yield {
      kind: 'fault',
      reason: `the compressed file is damaged from here on: ${messageOf(error)}`,
      ...splitter.place(),
    }
  }
}

async function* readChunks(
  { handle, size }: OpenLogFile,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for (let at = 0; at < size; ) {
    const length = Math.min(CHUNK_BYTES, size - at)
    // A new buffer each time: the lines are views of it.
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(length), 0, length, at)
    if (bytesRead === 0) return
    at += bytesRead
    onBytes(bytesRead)
    yield buffer.subarray(0, bytesRead)
  }
}

/** What came since up to the next newline, if a line was cut by the size; nothing when no newline came. */
async function restOfLine({ handle, size }: OpenLogFile): Promise<Buffer> {
  if (size === 0) return Buffer.alloc(0)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_LINE), 0, LONGEST_LINE, size - 1)
  if (buffer[0] === NEWLINE) return Buffer.alloc(0)
  const end = buffer.subarray(0, bytesRead).indexOf(NEWLINE)
  return end === -1 ? Buffer.alloc(0) : buffer.subarray(1, end + 1)
}

async function* unpack(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = Readable.from(chunks)
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  source.on('error', error => gunzip.destroy(error))
  yield* source.pipe(gunzip) as AsyncIterable<Buffer>
}

function isOfCompression(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}
