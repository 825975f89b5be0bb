import type { FileHandle } from 'node:fs/promises'
import { AuditUnwritable } from '../../model/errors.ts'
import type { Log } from '../../model/ports.ts'

const CHUNK = 64 * 1024
const NEWLINE = 0x0a
/** How each of our lines begins. */
const LINE_START = Buffer.from('{"v":1,"time":"')

/**
 * Cuts a torn last line off a regular file, as a crash or a power loss may leave it, and says so in the log.
 * Returns the last whole lines, at most 64 KiB of them, oldest first and without newlines.
 * @throws AuditUnwritable when the file ends in something that we never wrote.
 */
export async function repairTail(
  handle: FileHandle,
  { file, log }: { readonly file: string; readonly log: Log },
): Promise<readonly string[]> {
  const { size } = await handle.stat()
  const end = await endOfLastLine(handle, size)
  if (end < size) {
    await requireOurFragment(handle, { file, end, size })
    await handle.truncate(end)
    log.warn('cut a torn last line off the audit log', { file, bytes: size - end })
  }
  const tail = await readRange(handle, Math.max(0, end - CHUNK), end)
  return tail.toString('utf8').split('\n').slice(0, -1)
}

/** Offset after the last newline; 0 when there is none. */
async function endOfLastLine(handle: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0; end -= CHUNK) {
    const start = Math.max(0, end - CHUNK)
    const newline = (await readRange(handle, start, end)).lastIndexOf(NEWLINE)
    if (newline !== -1) return start + newline + 1
  }
  return 0
}

/** A torn line begins like a line of ours, or is the run of zeros that some file systems leave after a power loss. */
async function requireOurFragment(
  handle: FileHandle,
  { file, end, size }: { readonly file: string; readonly end: number; readonly size: number },
): Promise<void> {
  const head = await readRange(handle, end, Math.min(size, end + LINE_START.length))
  const isOurs = head.equals(LINE_START.subarray(0, head.length)) || head.every(byte => byte === 0)
  if (!isOurs) {
    throw new AuditUnwritable(
      `${file} does not end with a line of an audit log; name another file or move it away`,
    )
  }
}

async function readRange(handle: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.alloc(end - start)
  let filled = 0
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
