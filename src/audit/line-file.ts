import { write } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AuditUnwritable } from '../model/errors.ts'
import type { Log } from '../model/ports.ts'
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

/** A file that holds whole lines only; one write at a time. */
export interface LineFile {
  /** `seq` of the last line found when the file was opened, 0 if there was none. */
  readonly lastSeq: number
  /** Appends whole lines. After a failure nothing of a torn line stays. Never throws. */
  write(lines: Buffer): Promise<WriteResult>
  close(): Promise<void>
}

/**
 * Opens `file` for appending (`-` is standard output), makes its directory (0750), cuts off a torn last line.
 * @throws AuditUnwritable
 */
export async function openLineFile(
  file: string,
  { log, mode }: { readonly log: Log; readonly mode: number },
): Promise<LineFile> {
  if (file === '-')
    return { lastSeq: 0, close: async () => {}, write: createWriter(STDOUT, endTornLine(STDOUT)) }
  let handle: FileHandle | undefined
  try {
    await mkdir(dirname(file), { recursive: true, mode: DIRECTORY_MODE })
    handle = await open(file, 'a+', mode)
    return await lineFileOf(handle, { file, log })
  } catch (cause) {
    await handle?.close()
    if (cause instanceof AuditUnwritable) throw cause
    throw new AuditUnwritable(`the audit log ${file} cannot be opened: ${(cause as Error).message}`, {
      cause,
    })
  }
}

async function lineFileOf(
  handle: FileHandle,
  { file, log }: { readonly file: string; readonly log: Log },
): Promise<LineFile> {
  const { fd } = handle
  const isRegular = (await handle.stat()).isFile()
  return {
    lastSeq: isRegular ? await repairTail(handle, { file, log }) : 0,
    write: createWriter(fd, isRegular ? cutTornLine(handle) : endTornLine(fd)),
    close: () => handle.close(),
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
