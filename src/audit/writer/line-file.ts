import { write } from 'node:fs'
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AuditUnwritable } from '../../model/errors.ts'
import { messageOf } from '../../model/message-of.ts'
import type { Log } from '../../model/ports.ts'
import { repairTail } from './repair-tail.ts'

const STDOUT = 1
const NEWLINE = 0x0a
const PIPE_FULL_RETRY_MS = 10
const DIRECTORY_MODE = 0o750

const writeFd = promisify(write)

/** `wholeBytes`: how much of the batch, counted to the end of its last whole line, is in the file all the same. */
export type WriteResult =
  | { readonly outcome: 'written' }
  | { readonly outcome: 'failed'; readonly wholeBytes: number; readonly cause: unknown }

/** What somebody else did to the file since the last look. */
export type Tampering = 'none' | 'shortened' | 'removed'

/** A file that holds whole lines only; one write at a time. */
export interface LineFile {
  /** The lines at its end when it was opened, at most 64 KiB of them. */
  readonly tail: readonly string[]
  /** False for pipes and devices: no rotation, no size. */
  readonly isRegular: boolean
  /** Bytes in the file, as far as we know. */
  size(): number
  /** Appends whole lines. After a failure nothing of a torn line stays. Never throws. */
  write(lines: Buffer): Promise<WriteResult>
  /** Resolves when what was written before is on the disk; may run beside a write. */
  sync(): Promise<void>
  look(): Promise<Tampering>
  /** Whether its name still leads to it. */
  isAt(path: string): Promise<boolean>
  /** The number by which the file system knows it. */
  inode(): Promise<number>
  close(): Promise<void>
}

interface OpenFile {
  readonly fd: number
  /** Absent for standard output. */
  readonly handle?: FileHandle
  readonly tail: readonly string[]
  readonly size?: number
}

/**
 * Opens `file` for appending (`-` is standard output), makes its directory (0750), cuts off a torn last line.
 * @throws AuditUnwritable
 */
export async function openLineFile(
  file: string,
  { log, mode }: { readonly log: Log; readonly mode: number },
): Promise<LineFile> {
  if (file === '-') return lineFileOf({ fd: STDOUT, tail: [] })
  let handle: FileHandle | undefined
  try {
    await mkdir(dirname(file), { recursive: true, mode: DIRECTORY_MODE })
    handle = await open(file, 'a+', mode)
    const { fd } = handle
    if (!(await handle.stat()).isFile()) return lineFileOf({ fd, handle, tail: [] })
    const tail = await repairTail(handle, { file, log })
    return lineFileOf({ fd, handle, tail, size: (await handle.stat()).size })
  } catch (cause) {
    await handle?.close()
    if (cause instanceof AuditUnwritable) throw cause
    throw new AuditUnwritable(`the audit log ${file} cannot be opened: ${messageOf(cause)}`, { cause })
  }
}

function lineFileOf({ fd, handle, tail, size: found }: OpenFile): LineFile {
  const isRegular = found !== undefined && handle !== undefined
  let size = found ?? 0
  let syncing: Promise<void> | undefined
  const write = createWriter(fd, isRegular ? cutTornLine(handle) : endTornLine(fd))
  return {
    tail,
    isRegular,
    size: () => size,
    write: async lines => {
      const result = await write(lines)
      size += result.outcome === 'written' ? lines.length : result.wholeBytes
      return result
    },
    sync: async () => {
      if (!isRegular) return
      // A sync under way may have begun before the last write.
      await syncing?.catch(() => {})
      syncing = handle.datasync()
      await syncing
    },
    look: async () => {
      if (!isRegular) return 'none'
      const { size: now, nlink } = await handle.stat()
      const wasLonger = now < size
      size = now
      if (nlink === 0) return 'removed'
      return wasLonger ? 'shortened' : 'none'
    },
    isAt: async path => {
      if (!isRegular) return true
      const [ours, named] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)])
      return named !== undefined && ours.ino === named.ino && ours.dev === named.dev
    },
    inode: async () => (handle === undefined ? 0 : (await handle.stat()).ino),
    close: async () => {
      await syncing?.catch(() => {})
      await handle?.close()
    },
  }
}

/** `heal` removes that many bytes of a torn line from the end. */
function createWriter(fd: number, heal: (torn: number) => Promise<void>): LineFile['write'] {
  let torn = 0
  const healTail = async (): Promise<void> => {
    if (torn === 0) return
    await heal(torn)
    torn = 0
  }
  return async lines => {
    let done = 0
    try {
      await healTail()
      while (done < lines.length) done += await writeSome(fd, lines.subarray(done))
      return { outcome: 'written' }
    } catch (cause) {
      const wholeBytes = lines.subarray(0, done).lastIndexOf(NEWLINE) + 1
      torn += done - wholeBytes
      // What cannot be healed now is healed before the next write, which fails if that fails.
      await healTail().catch(() => {})
      return { outcome: 'failed', wholeBytes, cause }
    }
  }
}

/** A full disk takes a part first and refuses only the next call. A full non-blocking pipe is no error. */
async function writeSome(fd: number, bytes: Buffer): Promise<number> {
  for (;;) {
    try {
      const { bytesWritten } = await writeFd(fd, bytes, 0, bytes.length, null)
      if (bytesWritten === 0) throw new Error('the file takes no more bytes')
      return bytesWritten
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await delay(PIPE_FULL_RETRY_MS)
    }
  }
}

/** By the file's size of this moment: a rotation by copy and truncate may have shortened it. */
function cutTornLine(handle: FileHandle): (torn: number) => Promise<void> {
  return async torn => {
    const { size } = await handle.stat()
    await handle.truncate(Math.max(0, size - torn))
  }
}

/** What a pipe has taken cannot be taken back, only ended. */
function endTornLine(fd: number): () => Promise<void> {
  return async () => {
    await writeSome(fd, Buffer.from('\n'))
  }
}
