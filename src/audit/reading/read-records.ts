import type { AuditRecord } from '../audit-fields.ts'
import type { AuditFile } from './list-audit-files.ts'
import { readLines } from './read-lines.ts'
import { batchOf, type RecordBatch } from './record-batch.ts'

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

/** The records of these files in their order, in batches. A broken line, or a file that cannot be read, ends nothing. */
export async function* readRecords(
  files: readonly AuditFile[],
  options: ReadRecordsOptions,
): AsyncGenerator<RecordBatch> {
  for (const { path, isCompressed } of filesInTime(files, options)) {
    try {
      for await (const item of readLines({ path, isCompressed }, options))
        yield batchOf(item, { path, select: options.select })
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
