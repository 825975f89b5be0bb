import { constants, createGunzip } from 'node:zlib'
import { messageOf } from '../../model/message-of.ts'
import type { AuditRecord } from '../audit-fields.ts'
import { openAuditFile } from './open-audit-file.ts'
import { parseRecord } from './parse-record.ts'

/** More than the longest line; lines in front of the first record are looked through as far as that. */
const HEAD_BYTES = 64 * 1024
const NEWLINE = 0x0a
const LINE_START = '{"v"'

/** The first record of a file, or why there is none. */
export type FirstRecord =
  | { readonly outcome: 'record'; readonly record: AuditRecord }
  | { readonly outcome: 'empty' | 'none' | 'unreadable'; readonly reason: string }

/** The first record within the first 64 KiB of a file; broken lines in front of it are passed over. Never rejects. */
export async function readFirstRecord(file: {
  readonly path: string
  readonly isCompressed: boolean
}): Promise<FirstRecord> {
  try {
    const head = await readHead(file.path)
    return firstRecordOf(file.isCompressed ? await unpack(head) : head)
  } catch (error) {
    return { outcome: 'unreadable', reason: `cannot be read: ${messageOf(error)}` }
  }
}

function firstRecordOf(head: Buffer): FirstRecord {
  let start = 0
  for (let end = head.indexOf(NEWLINE); end !== -1; end = head.indexOf(NEWLINE, start)) {
    const parsed = parseRecord(head.subarray(start, end))
    if (parsed.outcome === 'record') return parsed
    start = end + 1
  }
  if (head.length === 0) return { outcome: 'empty', reason: 'is empty' }
  // The first line may be on its way to the disk.
  if (
    start === 0 &&
    head.length < HEAD_BYTES &&
    head.subarray(0, LINE_START.length).toString() === LINE_START
  ) {
    return { outcome: 'empty', reason: 'has no whole line' }
  }
  return { outcome: 'none', reason: 'does not begin with a line of an audit log' }
}

async function readHead(path: string): Promise<Buffer> {
  const handle = await openAuditFile(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** At most 64 KiB of what the beginning of a compressed file holds. */
async function unpack(head: Buffer): Promise<Buffer> {
  const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })
  gunzip.end(head)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of gunzip as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= HEAD_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, HEAD_BYTES)
}
