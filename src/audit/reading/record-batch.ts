import type { AuditRecord } from '../audit-fields.ts'
import { parseRecord } from './parse-record.ts'
import type { LineItem } from './split-lines.ts'

/** A record with the bytes of its line, without the newline. */
export interface FoundRecord {
  readonly record: AuditRecord
  readonly line: Buffer
}

/** A line that is no record; `number` counts the lines of the file from 1. */
export interface BrokenLine {
  readonly path: string
  readonly number: number
  readonly reason: string
}

/** What some lines in a row held. */
export interface RecordBatch {
  readonly found: readonly FoundRecord[]
  readonly broken: readonly BrokenLine[]
}

const TORN = 'it ends without a newline, as one that is being written or was cut off'

/** What a part of the file `path` holds, of the records only the chosen ones. */
export function batchOf(
  item: LineItem,
  { path, select }: { readonly path: string; readonly select: (record: AuditRecord) => boolean },
): RecordBatch {
  if (item.kind === 'fault') return brokenOnly({ path, number: item.number, reason: item.reason })
  if (item.kind === 'torn') return brokenOnly({ path, number: item.number, reason: TORN })
  const found: FoundRecord[] = []
  const broken: BrokenLine[] = []
  for (const [at, line] of item.lines.entries()) {
    const parsed = parseRecord(line)
    if (parsed.outcome === 'broken') broken.push({ path, number: item.number + at, reason: parsed.reason })
    else if (select(parsed.record)) found.push({ record: parsed.record, line })
  }
  return { found, broken }
}

function brokenOnly(line: BrokenLine): RecordBatch {
  return { found: [], broken: [line] }
}
