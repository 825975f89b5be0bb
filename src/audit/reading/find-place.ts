import type { FilePlace } from './followed-file.ts'
import { openAuditFile } from './open-audit-file.ts'
import { LONGEST_LINE } from './split-lines.ts'

const NEWLINE = 0x0a

/** Where the whole lines of a file end now; undefined when it cannot be opened. */
export async function findPlace(path: string): Promise<FilePlace | undefined> {
  const handle = await openAuditFile(path).catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const { ino, size } = await handle.stat({ bigint: true })
    const end = Number(size)
    const start = Math.max(0, end - LONGEST_LINE)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_LINE), 0, end - start, start)
    const newline = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE)
    if (newline === -1) return { inode: ino, offset: start === 0 ? 0 : end }
    return { inode: ino, offset: start + newline + 1 }
  } finally {
    await handle.close()
  }
}
