import type { FileHandle } from 'node:fs/promises'
import type { AuditRecord } from '../audit-fields.ts'
import type { AuditFile } from './list-audit-files.ts'
import { openAuditFile } from './open-audit-file.ts'
import { parseRecord } from './parse-record.ts'
import { readRecords } from './read-records.ts'
import type { FoundRecord } from './record-batch.ts'
import { LONGEST_LINE } from './split-lines.ts'

const CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a

export interface LastRecordsOptions {
  readonly count: number
  readonly select: (record: AuditRecord) => boolean
}

/** Up to `count` of the newest records that are chosen, oldest first. Reads from the end, as far back as it takes. */
export async function readLastRecords(
  files: readonly AuditFile[],
  { count, select }: LastRecordsOptions,
): Promise<readonly FoundRecord[]> {
  let found: readonly FoundRecord[] = []
  for (const file of files.toReversed()) {
    const missing = count - found.length
    if (missing <= 0) break
    const more = await lastOf(file, { count: missing, select })
    found = [...more, ...found]
  }
  return found
}

async function lastOf(file: AuditFile, options: LastRecordsOptions): Promise<readonly FoundRecord[]> {
  if (file.isCompressed) return lastOfCompressed(file, options)
  const handle = await openAuditFile(file.path)
  try {
    return await lastOfPlain(handle, options)
  } finally {
    await handle.close()
  }
}

async function lastOfPlain(
  handle: FileHandle,
  { count, select }: LastRecordsOptions,
): Promise<readonly FoundRecord[]> {
  let found: readonly FoundRecord[] = []
  for await (const lines of readBackwards(handle)) {
    const more = lines.flatMap(line => {
      const parsed = parseRecord(line)
      return parsed.outcome === 'record' && select(parsed.record) ? [{ record: parsed.record, line }] : []
    })
    found = [...more, ...found].slice(-count)
    if (found.length === count) break
  }
  return found
}

/** It can only be read from its beginning. */
async function lastOfCompressed(
  file: AuditFile,
  { count, select }: LastRecordsOptions,
): Promise<readonly FoundRecord[]> {
  let last: readonly FoundRecord[] = []
  for await (const { found } of readRecords([file], { select })) last = [...last, ...found].slice(-count)
  return last
}

/** The whole lines of a file in batches, the last batch first. Of an overlong line a rest is given, which is no record. */
async function* readBackwards(handle: FileHandle): AsyncGenerator<readonly Buffer[]> {
  const { size } = await handle.stat()
  // The end of a line whose beginning is in front, with its newline.
  let rest: Buffer = Buffer.alloc(0)
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES)
    const data = Buffer.concat([await readRange(handle, start, end), rest])
    const from = start === 0 ? 0 : data.indexOf(NEWLINE) + 1
    end = start
    rest = start === 0 ? rest : data.subarray(0, from === 0 ? data.length : from)
    if (rest.length > LONGEST_LINE + CHUNK_BYTES) rest = rest.subarray(-LONGEST_LINE)
    if (start === 0 || from > 0) yield splitWhole(data.subarray(from))
  }
}

function splitWhole(data: Buffer): readonly Buffer[] {
  const lines: Buffer[] = []
  let start = 0
  for (let at = data.indexOf(NEWLINE); at !== -1; at = data.indexOf(NEWLINE, start)) {
    lines.push(data.subarray(start, at))
    start = at + 1
  }
  return lines
}

async function readRange(handle: FileHandle, start: number, end: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(end - start), 0, end - start, start)
  return buffer.subarray(0, bytesRead)
}
