import type { AuditRecord } from '../audit-fields.ts'
import type { LogFollower } from './follow-log.ts'
import type { LogLine } from './log-line.ts'

const MAX_BYTES = 1024 * 1024
/** Of lines that nobody wants so many are passed over in one go at most. */
const MAX_READS = 20

/** Lines that are sent together, in one go or again. */
export interface Batch {
  /** Those that the receiver gets. */
  readonly lines: readonly LogLine[]
  /** Number of the last line that was looked at. */
  readonly lastSeq: number
  readonly bytes: number
}

/** Takes batches off the log: of the lines that are wanted at most `size`, and at most about 1 MiB. */
export interface LineBatches {
  /** `undefined` when there is nothing new. @throws the error of the file system. */
  next(): Promise<Batch | undefined>
}

interface Wanted {
  readonly size: number
  readonly isWanted: (record: AuditRecord) => boolean
}

export function createLineBatches(follower: LogFollower, wanted: Wanted): LineBatches {
  let rest: readonly LogLine[] = []
  return {
    next: async () => {
      let batch: Batch | undefined
      for (let reads = 0; !isFull(batch, wanted) && reads < MAX_READS; reads++) {
        if (rest.length === 0) rest = await follower.read()
        if (rest.length === 0) break
        const filled = fill(batch, rest, wanted)
        batch = filled.batch
        rest = filled.rest
      }
      return batch
    },
  }
}

function isFull(batch: Batch | undefined, { size }: Wanted): boolean {
  return batch !== undefined && (batch.lines.length >= size || batch.bytes >= MAX_BYTES)
}

function fill(before: Batch | undefined, from: readonly LogLine[], wanted: Wanted) {
  let batch: Batch = before ?? batchOf([], 0)
  const lines = [...batch.lines]
  let used = 0
  for (const line of from) {
    if (isFull({ ...batch, lines }, wanted)) break
    used += 1
    const isTaken = wanted.isWanted(line.record)
    if (isTaken) lines.push(line)
    const bytes = batch.bytes + (isTaken ? Buffer.byteLength(line.text) : 0)
    batch = { lines, lastSeq: line.record.seq, bytes }
  }
  return { batch, rest: from.slice(used) }
}

/** Halves of a batch that was refused as a whole. */
export function halvesOf({ lines, lastSeq }: Batch): readonly Batch[] {
  const middle = Math.ceil(lines.length / 2)
  const first = lines.slice(0, middle)
  const second = lines.slice(middle)
  return [batchOf(first, first.at(-1)?.record.seq ?? lastSeq), batchOf(second, lastSeq)]
}

function batchOf(lines: readonly LogLine[], lastSeq: number): Batch {
  return { lines, lastSeq, bytes: lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) }
}
