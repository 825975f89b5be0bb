import { isMissing } from '../../model/is-missing.ts'
import { messageOf } from '../../model/message-of.ts'
import { openAuditFile } from './open-audit-file.ts'
import { readChunks } from './read-chunks.ts'
import { createLineSplitter, type LineItem, type LineSplitter } from './split-lines.ts'
import { isOfCompression, unpack } from './unpack.ts'

/** Where to read. */
export interface LineSource {
  readonly path: string
  readonly isCompressed: boolean
}

export interface ReadOptions {
  /** Offset in the plain file to begin at, where a line begins. */
  readonly from?: number
  /** Told how many bytes of the file, compressed as it is, were read since the last time. */
  readonly onBytes?: (bytes: number) => void
}

/**
 * The lines of one file, in batches, and what is wrong with it in between. A file that was compressed since it was listed
 * is read all the same. Never keeps more than a chunk, whatever the file holds. A compressed file that ends too early or
 * is damaged ends in a fault.
 * @throws the error of the file system when the file cannot be opened or read.
 */
export async function* readLines(source: LineSource, options: ReadOptions = {}): AsyncGenerator<LineItem> {
  const { handle, isCompressed } = await openSource(source)
  const { from = 0, onBytes } = options
  const splitter = createLineSplitter({ offset: from })
  try {
    if (isCompressed) yield* readCompressed(readChunks(handle, { onBytes }), { from, splitter })
    else {
      for await (const chunk of readChunks(handle, { from, onBytes })) yield* splitter.push(chunk)
      yield* splitter.end()
    }
  } finally {
    await handle.close()
  }
}

/** The writer replaces a rotated file by its compressed one, which may happen just now. */
async function openSource({ path, isCompressed }: LineSource) {
  try {
    return { handle: await openAuditFile(path), isCompressed }
  } catch (error) {
    if (isCompressed || !isMissing(error)) throw error
    try {
      return { handle: await openAuditFile(`${path}.gz`), isCompressed: true }
    } catch (second) {
      throw isMissing(second) ? error : second
    }
  }
}

/** An error of the file system is thrown, one of the compression is a fault behind the lines that came before it. */
async function* readCompressed(
  chunks: AsyncGenerator<Buffer>,
  { from, splitter }: { readonly from: number; readonly splitter: LineSplitter },
): AsyncGenerator<LineItem> {
  let toSkip = from
  try {
    for await (const unpacked of unpack(chunks)) {
      const skipped = Math.min(toSkip, unpacked.length)
      toSkip -= skipped
      if (skipped < unpacked.length) yield* splitter.push(unpacked.subarray(skipped))
    }
    yield* splitter.end()
  } catch (error) {
    if (!isOfCompression(error)) throw error
    yield* splitter.end()
    yield {
      kind: 'fault',
      reason: `the compressed file is damaged: ${messageOf(error)}`,
      ...splitter.place(),
    }
  }
}
