import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AuditUnwritable } from '../../model/errors.ts'
import { messageOf } from '../../model/message-of.ts'
import { type AuditHead, parseAuditHead } from '../audit-head.ts'

const BYTES = 1024

/** The file of the head. */
export interface HeadFile {
  /** What was found when it was opened. */
  readonly found: AuditHead | undefined
  /** Written in place, so that a full disk is no obstacle. */
  write(head: AuditHead): Promise<void>
  close(): Promise<void>
}

/** Opens or makes the file (0600). @throws AuditUnwritable */
export async function openHeadFile(file: string): Promise<HeadFile> {
  let handle: FileHandle | undefined
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    handle = await open(file, 'a', 0o600)
    await handle.close()
    handle = await open(file, 'r+')
    return headFileOf(handle, parseAuditHead((await handle.readFile()).toString('utf8')))
  } catch (cause) {
    await handle?.close().catch(() => {})
    throw new AuditUnwritable(`the head of the audit log, ${file}, cannot be opened: ${messageOf(cause)}`, {
      cause,
    })
  }
}

function headFileOf(handle: FileHandle, found: AuditHead | undefined): HeadFile {
  return {
    found,
    write: async head => {
      const text = `${JSON.stringify(head).padEnd(BYTES - 1)}\n`
      await handle.write(Buffer.from(text), 0, null, 0)
    },
    close: () => handle.close(),
  }
}
