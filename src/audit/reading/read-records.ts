import type { AuditRecord } from '../audit-fields.ts'
import type { AuditFile } from './list-audit-files.ts'
import { parseRecord } from './parse-record.ts'
import { readLines } from './read-lines.ts'
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

export interface ReadRecordsOptions {
  /** Which records are given. */
  readonly select: (record: AuditRecord) => boolean
  /** Times outside of which files need not be read, ms since the epoch. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Told how many bytes of the files were read since the last time. */
  readonly onBytes?: (bytes: number) => void
}

/** A clock that was set back may give a file times from before its first record. */
const CLOCK_SLACK_MS = 3_600_000
const TORN = 'it ends without a newline, as one that is being written or was cut off'

/** The records of these files in their order, in batches. A broken line, or a file that cannot be read, ends nothing. */
export async function* readRecords(
  files: readonly AuditFile[],
  options: ReadRecordsOptions,
): AsyncGenerator<RecordBatch> {
  for (const { path, isCompressed } of filesInTime(files, options)) {
    try {
      for await (const item of readLines({ path, isCompressed }, options)) yield batchOf(item, path, options)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      yield { found: [], broken: [{ path, number: 0, reason: error.message }] }
    }
  }
}

/** The files that may hold records of these times: each ends where the next one begins. */
export function filesInTime(
  files: readonly AuditFile[],
  {
    since = Number.NEGATIVE_INFINITY,
    until = Number.POSITIVE_INFINITY,
  }: Pick<ReadRecordsOptions, 'since' | 'until'>,
): readonly AuditFile[] {
  return files.filter(({ firstTime }, at) => {
    const next = files[at + 1]?.firstTime
    const isBefore = next !== undefined && Date.parse(next) + CLOCK_SLACK_MS < since
    const isAfter = firstTime !== undefined && Date.parse(firstTime) - CLOCK_SLACK_MS >= until
    return !isBefore && !isAfter
  })
}

function batchOf(item: LineItem, path: string, { select }: ReadRecordsOptions): RecordBatch {
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
