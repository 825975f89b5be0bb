import { randomBytes } from 'node:crypto'
import { access, constants, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../model/message-of.ts'

const PROBE_BYTES = 65_536 // room for a bundle, an account and a challenge

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room',
  EDQUOT: 'the disk quota is used up: make room',
  EROFS: 'the file system is read-only: mount it writable',
  EACCES: 'the directory is not writable by this user: change its owner or mode',
  EPERM: 'the directory is not writable by this user: change its owner or mode',
  ENOENT: 'the directory does not exist: make it',
}

/**
 * Why nothing can be stored in the directory, in one sentence; `undefined` when 64 KiB can be written, reach the disk
 * and be removed again, and the directories in it are writable. Never rejects.
 */
export async function writeProblem(directory: string): Promise<string | undefined> {
  const probe = join(directory, `.probe.${randomBytes(6).toString('hex')}.tmp`)
  try {
    await writeProbe(probe)
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) await access(join(directory, entry.name), constants.W_OK | constants.X_OK)
    }
    return undefined
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    return `nothing can be stored in ${directory}: ${REASONS[code] ?? messageOf(error)}`
  } finally {
    await rm(probe, { force: true }).catch(() => {}) // a file system that cannot be written keeps nothing of it
  }
}

async function writeProbe(path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    // Random, so that a file system that compresses has to find the room.
    await file.writeFile(randomBytes(PROBE_BYTES))
    await file.sync()
  } finally {
    await file.close()
  }
}
