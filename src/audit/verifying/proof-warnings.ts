import type { CheckpointKeys } from './checkpoint-keys.ts'
import type { Notes } from './line-notes.ts'
import type { LogHead } from './log-head.ts'
import { type LogLine, timeOf } from './log-line.ts'

/** The head is written once a second; longer ago than that it is out of date. */
const HEAD_LAG_MS = 10_000
/** Checkpoints are minutes apart while lines come. */
const UNSIGNED_MS = 3_600_000

/** What is not proven at the end of the log: lines long behind the head, and many hours without a checkpoint. */
export function proofWarnings({
  keys,
  head,
  notes,
  tip,
}: {
  readonly keys: CheckpointKeys | undefined
  readonly head: LogHead | undefined
  readonly notes: Notes
  readonly tip: LogLine | undefined
}): readonly string[] {
  if (tip === undefined) return []
  const end = timeOf(tip)
  const isChecked = keys !== undefined && tip.prev !== undefined
  return [...(head === undefined ? [] : lagOf(head, end)), ...(isChecked ? unsignedOf(notes, end) : [])]
}

function lagOf({ seq, time }: LogHead, end: string): readonly string[] {
  if (msBetween(time, end) <= HEAD_LAG_MS) return []
  return [
    `the head file was last written at ${time}, but the log goes on until ${end}: nothing proves the lines behind seq ${seq}`,
  ]
}

function unsignedOf({ first, checkpoints }: Notes, end: string): readonly string[] {
  const [last] = checkpoints.map(use => use.last).sort((a, b) => b.seq - a.seq)
  const from = last?.time ?? (first === undefined ? end : timeOf(first))
  if (msBetween(from, end) <= UNSIGNED_MS) return []
  const which = last === undefined ? 'no line' : `no line behind seq ${last.seq}`
  return [`${which} is signed by a checkpoint, though the log goes on from ${from} until ${end}`]
}

function msBetween(from: string, to: string): number {
  return Date.parse(to) - Date.parse(from)
}
