import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { syncDirectory } from '../../files/sync-directory.ts'

/** Large pieces: each is a turn of the event loop, the compression itself runs on a thread of its own. */
const PIECE = 256 * 1024

/**
 * Replaces `file` by `file.gz` with the same time and mode. A crash leaves the file as it was, or both whole: the
 * compressed one gets its name when it is on the disk.
 */
export async function compressFile(file: string, signal: AbortSignal): Promise<void> {
  const temporary = `${file}.gz.part`
  const { mode, atime, mtime } = await stat(file)
  try {
    await pipeline(
      createReadStream(file, { highWaterMark: PIECE }),
      createGzip({ chunkSize: PIECE }),
      createWriteStream(temporary, { mode: mode & 0o777, flush: true }),
      { signal },
    )
    await chmod(temporary, mode & 0o777)
    await utimes(temporary, atime, mtime)
    await rename(temporary, `${file}.gz`)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(dirname(file))
  await rm(file)
}
