import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** No symbolic link, and no waiting for the other end of a pipe. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** An open file and its size in bytes. */
export interface OpenFile {
  readonly handle: FileHandle
  readonly size: number
}

/** Opens a regular file that has bytes in it; undefined for anything else. @throws the system's error. */
export async function openFile(path: string): Promise<OpenFile | undefined> {
  const handle = await open(path, FLAGS)
  try {
    const stats = await handle.stat()
    if (stats.isFile() && stats.size > 0) return { handle, size: stats.size }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}

/** At most `maxBytes` from the beginning of a file, as text of single bytes. @throws the system's error. */
export async function readStart(path: string, maxBytes: number): Promise<string> {
  const handle = await open(path, FLAGS)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(maxBytes), 0, maxBytes, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Closes a file without waiting; a read that still runs ends first. */
export function closeFile({ handle }: OpenFile): void {
  handle.close().catch(() => undefined) // nothing was written to it
}
