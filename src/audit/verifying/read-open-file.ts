import { messageOf } from '../../model/message-of.ts'
import { readChunks } from '../reading/read-chunks.ts'
import { createLineSplitter, type LineItem, LONGEST_LINE } from '../reading/split-lines.ts'
import { isOfCompression, unpack } from '../reading/unpack.ts'
import type { OpenLogFile } from './open-log.ts'

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
  const chunks = readChunks(file.handle, { until: file.size, onBytes })
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

/** What came since up to the next newline, if a line was cut by the size; nothing when no newline came. */
async function restOfLine({ handle, size }: OpenLogFile): Promise<Buffer> {
  if (size === 0) return Buffer.alloc(0)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_LINE), 0, LONGEST_LINE, size - 1)
  if (buffer[0] === NEWLINE) return Buffer.alloc(0)
  const end = buffer.subarray(0, bytesRead).indexOf(NEWLINE)
  return end === -1 ? Buffer.alloc(0) : buffer.subarray(1, end + 1)
}
