import { stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { AuditRecord } from '../audit-fields.ts'
import { type FilePlace, type FollowedFile, openFollowedFile } from './followed-file.ts'
import { type AuditFile, listAuditFiles } from './list-audit-files.ts'
import { readFirstRecord } from './read-first-record.ts'
import { readRecords } from './read-records.ts'
import { batchOf, type RecordBatch } from './record-batch.ts'

/** Fast enough for a person who watches, and nothing for the machine. */
const POLL_MS = 200
/** How often in a row a file may be rotated while the one before it is read. */
const MOST_ROTATIONS = 100

export interface FollowOptions {
  /** Path of the active file. */
  readonly active: string
  /** Where in it the following begins; records there that are not newer than `after` are passed over. */
  readonly place: FilePlace | undefined
  /** Number of the last record that was read. */
  readonly after: number
  readonly select: (record: AuditRecord) => boolean
  /** Ends the following. */
  readonly signal: AbortSignal
}

interface State extends FollowOptions {
  lastSeq: number
  /** Undefined while the active file has no line: the writer may still have the one before. */
  file: FollowedFile | undefined
  /** Records up to this number are known already. */
  floor: number
  /** The rotated files as they were when they were read. */
  known: string
}

/**
 * The records that are written from now on, in batches, through rotations by rename, also while the writer still has the
 * old file, and by copying and truncating. What went into files that came and went in between is read there. Ends with
 * the signal.
 */
export async function* followRecords(options: FollowOptions): AsyncGenerator<RecordBatch> {
  const { active, place, after, signal } = options
  const file = place === undefined ? undefined : await openFollowedFile(active, place)
  const state: State = { ...options, lastSeq: after, file, floor: after, known: '' }
  try {
    while (!signal.aborted) {
      yield* step(state)
      await pause(POLL_MS, undefined, { signal }).catch(() => {
        // The loop ends.
      })
    }
  } finally {
    await state.file?.close()
  }
}

async function* step(state: State): AsyncGenerator<RecordBatch> {
  // Before it is read: what was written after a truncation may be longer than what was there.
  const now = (await state.file?.state()) ?? 'renamed'
  if (now === 'truncated') yield* readBetween(state)
  // Whatever came before the first line of a new file is in the old one by now.
  else yield* drain(state)
  if (now === 'same') return
  // A numbering that begins anew in another file is none of the known.
  if (state.file !== undefined) state.floor = -1
  yield* moveOn(state)
}

async function* drain(state: State): AsyncGenerator<RecordBatch> {
  if (state.file === undefined) return
  const { active, floor } = state
  const select = (record: AuditRecord) => {
    state.lastSeq = record.seq
    return record.seq > floor && state.select(record)
  }
  for await (const item of state.file.read()) yield batchOf(item, { path: active, select })
}

/** Opens the active file once it has a line; when that is not the next one, reads the files in between before. */
async function* moveOn(state: State): AsyncGenerator<RecordBatch> {
  await state.file?.close()
  state.file = undefined
  for (let rotations = 0; rotations < MOST_ROTATIONS; rotations++) {
    const { lastSeq } = state
    const first = await firstSeqOf(state)
    if (first === undefined || first > lastSeq + 1) yield* readBetween(state)
    if (first === undefined) return
    if (state.lastSeq !== lastSeq) continue
    const file = await openFollowedFile(state.active)
    // Unless it was rotated in this moment.
    if (file !== undefined && (await firstSeqOf(state)) === first) {
      state.file = file
      return
    }
    await file?.close()
  }
}

async function firstSeqOf({ active }: State): Promise<number | undefined> {
  const first = await readFirstRecord({ path: active, isCompressed: false })
  return first.outcome === 'record' ? first.record.seq : undefined
}

/** Newer records of the rotated files, also of one whose beginning we know: the copy of a file that was truncated. */
async function* readBetween(state: State): AsyncGenerator<RecordBatch> {
  const { active } = state
  const rotated = (await listAuditFiles(active)).files.filter(({ path }) => path !== active)
  const known = rotated.findLastIndex(({ firstSeq = 0 }) => firstSeq <= state.lastSeq)
  const files = rotated.slice(Math.max(0, known))
  const sizes = await Promise.all(files.map(sizeOf))
  const now = sizes.join()
  if (now === state.known) return
  const select = (record: AuditRecord) => {
    if (record.seq <= state.lastSeq) return false
    state.lastSeq = record.seq
    return state.select(record)
  }
  yield* readRecords(files, { select })
  state.known = now
}

async function sizeOf({ path }: AuditFile): Promise<string> {
  const { ino, size } = await stat(path).catch(() => ({ ino: 0, size: 0 }))
  return `${ino}:${size}`
}
