import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AuditUnwritable } from '../../model/errors.ts'
import { messageOf } from '../../model/message-of.ts'

const BYTES = 1024

/** How far the log went when it was last looked at, kept apart from the log: what ends before it was cut. */
export interface AuditHead {
  readonly v: 1
  /** Absolute path of the log. */
  readonly file: string
  readonly node: string
  readonly seq: number
  readonly time: string
  /** Lines that were in memory only, since the log could not be written. */
  readonly waiting: number
  /** With a chain: hash of line `seq`, and the Ed25519 signature of `headText` by `key`. */
  readonly hash?: string
  readonly key?: string
  readonly signature?: string
}

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
    return headFileOf(handle, parseHead((await handle.readFile()).toString('utf8')))
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

/** `undefined` for an empty file and for one that a power loss has torn. */
export function parseHead(text: string): AuditHead | undefined {
  try {
    const head = JSON.parse(text) as Partial<AuditHead>
    const isHead = head.v === 1 && Number.isSafeInteger(head.seq) && Number.isSafeInteger(head.waiting)
    return isHead ? (head as AuditHead) : undefined
  } catch {
    return undefined
  }
}
