import { randomFillSync } from 'node:crypto'
import { open, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const CHUNK = 256 * 1024
const NAME = '.audit-ballast'

/** Room on the disk of the log that is given up when the disk is full, so that what is under way gets its lines. */
export interface Ballast {
  /** False when the room was given up and could not be taken again. */
  isThere(): boolean
  /** Gives the room up; false when there was none. */
  give(): Promise<boolean>
  /** Takes the room again once the disk has twice as much; true when it is there. Never throws. */
  take(): Promise<boolean>
}

/** A ballast of `bytes` beside the log `file`; of 0 bytes it is always there and never helps. */
export function createBallast(file: string, bytes: number): Ballast {
  const path = join(dirname(file), NAME)
  let isThere = bytes === 0
  return {
    isThere: () => isThere,
    give: async () => {
      if (bytes === 0 || !isThere) return false
      isThere = false
      await rm(path, { force: true })
      return true
    },
    take: async () => {
      if (!isThere) isThere = await fill(path, bytes).catch(() => false)
      return isThere
    },
  }
}

async function fill(path: string, bytes: number): Promise<boolean> {
  const size = await stat(path).then(
    found => found.size,
    () => 0,
  )
  if (size === bytes) return true
  const { bavail, bsize } = await statfs(dirname(path))
  if (bavail * bsize < 2 * bytes) return false
  try {
    await writeRandom(path, bytes)
    return true
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** Not zeros: file systems that compress would keep no room for them. */
async function writeRandom(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'w', 0o600)
  try {
    const chunk = randomFillSync(Buffer.alloc(Math.min(CHUNK, bytes)))
    for (let left = bytes; left > 0; left -= chunk.length) {
      const part = chunk.subarray(0, Math.min(left, chunk.length))
      const { bytesWritten } = await handle.write(part)
      if (bytesWritten < part.length) throw new Error('the disk is full')
    }
  } finally {
    await handle.close()
  }
}
