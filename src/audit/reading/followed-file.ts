import type { FileHandle } from 'node:fs/promises'
import { stat } from 'node:fs/promises'
import { isMissing } from '../../model/is-missing.ts'
import { openAuditFile } from './open-audit-file.ts'
import { createLineSplitter, type LineItem } from './split-lines.ts'

const CHUNK_BYTES = 256 * 1024
/** Enough to tell the file from what is written after a truncation: it holds the time and the number of a line. */
const HEAD_BYTES = 256

/** Where the whole lines of a file end. */
export interface FilePlace {
  readonly inode: bigint
  readonly offset: number
}

/** A file that is read while it grows. */
export interface FollowedFile {
  /** The lines that came since the last time. */
  readonly read: () => AsyncGenerator<LineItem>
  /** What has become of the file under its name; `renamed` only when another one with lines stands there. */
  readonly state: () => Promise<'same' | 'renamed' | 'truncated'>
  readonly close: () => Promise<void>
}

/** Opens a file for following, at its beginning or at this place of it; undefined when it is not there or another one. */
export async function openFollowedFile(path: string, place?: FilePlace): Promise<FollowedFile | undefined> {
  const handle = await openIfThere(path)
  if (handle === undefined) return undefined
  const { ino } = await handle.stat({ bigint: true })
  if (place !== undefined && place.inode !== ino) {
    await handle.close()
    return undefined
  }
  const position = { offset: place?.offset ?? 0 }
  const splitter = createLineSplitter({ offset: position.offset })
  const seen = { head: await readAt(handle, 0, HEAD_BYTES) }
  return {
    read: async function* () {
      for (;;) {
        const chunk = await readAt(handle, position.offset, CHUNK_BYTES)
        if (chunk.length === 0) return
        position.offset += chunk.length
        yield* splitter.push(chunk)
      }
    },
    state: async () => {
      const { size } = await handle.stat()
      if (size < position.offset || !(await isStill(handle, seen))) return 'truncated'
      return (await isReplaced(path, ino)) ? 'renamed' : 'same'
    },
    close: () => handle.close(),
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await openAuditFile(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** An empty file under the name may be made by logrotate before the writer knows of it. */
async function isReplaced(path: string, inode: bigint): Promise<boolean> {
  try {
    const { ino, size } = await stat(path, { bigint: true })
    return ino !== inode && size > 0n
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

async function isStill(handle: FileHandle, seen: { head: Buffer }): Promise<boolean> {
  const head = await readAt(handle, 0, HEAD_BYTES)
  const isSame = head.subarray(0, seen.head.length).equals(seen.head)
  seen.head = head
  return isSame
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(length), 0, length, offset)
  return buffer.subarray(0, bytesRead)
}
