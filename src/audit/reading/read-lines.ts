import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { messageOf } from '../../model/message-of.ts'
import { openAuditFile } from './open-audit-file.ts'
import { createLineSplitter, type LineItem, type LineSplitter } from './split-lines.ts'

const CHUNK_BYTES = 256 * 1024

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
    if (isCompressed) yield* readCompressed(readChunks(handle, { from: 0, onBytes }), { from, splitter })
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

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

async function* readChunks(
  handle: FileHandle,
  { from, onBytes }: { readonly from: number; readonly onBytes: ReadOptions['onBytes'] },
): AsyncGenerator<Buffer> {
  for (let at = from; ; ) {
    // A new buffer each time: the lines are views of it.
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(CHUNK_BYTES), 0, CHUNK_BYTES, at)
    if (bytesRead === 0) return
    at += bytesRead
    onBytes?.(bytesRead)
    yield buffer.subarray(0, bytesRead)
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

async function* unpack(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  const source = Readable.from(chunks)
  source.on('error', error => gunzip.destroy(error))
  source.pipe(gunzip)
  try {
    for await (const unpacked of gunzip) yield unpacked
  } finally {
    source.destroy()
  }
}

/** Codes of zlib, such as `Z_DATA_ERROR`, and `Z_BUF_ERROR` for a file that ends too early. */
function isOfCompression(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}
