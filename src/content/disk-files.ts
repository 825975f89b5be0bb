import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { closeFile, type OpenFile, openFile } from './open-file.ts'
import type { Turns } from './turns.ts'

const HEX = /^[0-9a-f]{64}$/
const SHARD = /^[0-9a-f]{2}$/
const EXCLUSIVE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** A file that is being filled; its handle belongs to whoever fills it. */
export interface TemporaryFile {
  readonly handle: FileHandle
  readonly path: string
}

/** A whole file as it was found at the start. */
export interface FoundFile {
  readonly digest: string
  readonly size: number
  readonly usedMs: number
}

/** The files of a disk cache: whole blobs below `sha256`, others below `filling`. All reject with the system's error. */
export interface DiskFiles {
  /** Makes the directories, removes what was left half-filled, and lists the rest, least recently used first. */
  scan(): Promise<readonly FoundFile[]>
  /** @throws ENOSPC when a blob of `size` bytes does not fit. */
  create(size: number): Promise<TemporaryFile>
  publish(file: TemporaryFile, digest: string): Promise<void>
  discard(file: TemporaryFile): Promise<void>
  /** Undefined when there is no such regular file of `size` bytes. */
  open(digest: string, size: number): Promise<OpenFile | undefined>
  remove(digest: string): Promise<void>
}

export function createDiskFiles(dir: string, turns: Turns): DiskFiles {
  const filling = join(dir, 'filling')
  let count = 0
  const pathOf = (digest: string) => {
    const hex = digest.slice('sha256:'.length)
    return join(dir, 'sha256', hex.slice(0, 2), hex)
  }
  return {
    scan: async () => {
      await rm(filling, { recursive: true, force: true })
      await mkdir(filling, { recursive: true, mode: 0o700 })
      return findFiles(join(dir, 'sha256'))
    },
    create: size =>
      turns.run(async () => {
        await mkdir(filling, { recursive: true, mode: 0o700 })
        const { bavail, bsize } = await statfs(filling)
        if (bavail * bsize < size) throw new NoSpace(`${size} bytes do not fit into ${dir}`)
        const path = join(filling, `${process.pid}-${++count}`)
        return { path, handle: await open(path, EXCLUSIVE, 0o600) }
      }),
    publish: ({ path }, digest) =>
      turns.run(async () => {
        const place = pathOf(digest)
        await mkdir(join(place, '..'), { recursive: true, mode: 0o700 })
        // Without fsync: after a crash of the machine every file is read once before it is used.
        await rename(path, place)
      }),
    discard: ({ path }) => turns.run(() => rm(path, { force: true })),
    open: (digest, size) =>
      turns.run(
        async () => {
          const file = await openFile(pathOf(digest)).catch(absentOnly)
          if (file === undefined || file.size === size) return file
          await file.handle.close()
          return undefined
        },
        late => late && closeFile(late),
      ),
    remove: digest => turns.run(() => rm(pathOf(digest), { force: true })),
  }
}

class NoSpace extends Error {
  readonly code = 'ENOSPC'
}

function absentOnly(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ELOOP') throw error
}

async function findFiles(root: string): Promise<readonly FoundFile[]> {
  await mkdir(root, { recursive: true, mode: 0o700 })
  const found: FoundFile[] = []
  for (const shard of await readdir(root)) {
    if (!SHARD.test(shard)) continue
    for (const hex of await readdir(join(root, shard))) {
      const stats = HEX.test(hex) ? await stat(join(root, shard, hex)) : undefined
      if (!stats?.isFile()) continue
      const usedMs = Math.max(stats.atimeMs, stats.mtimeMs)
      found.push({ digest: `sha256:${hex}`, size: stats.size, usedMs })
    }
  }
  return found.sort((a, b) => a.usedMs - b.usedMs)
}
