import { stat } from 'node:fs/promises'
import { isMissing } from '../../model/is-missing.ts'
import { type AuditFile, type AuditListing, listAuditFiles } from '../reading/list-audit-files.ts'
import { openAuditFile } from '../reading/open-audit-file.ts'
import type { LogLine } from './log-line.ts'
import { type LogSource, openLogSource } from './log-source.ts'
import { lastSeqOf } from './seek-seq.ts'

/** A rotation that is under way may hide lines, so nobody passes over them before that. */
const PATIENCE_MS = 10_000
/** gzip takes half a minute for a file of a gigabyte, and may have the only name that it is found by. */
const COMPRESSION_MS = 60_000

/** The log from one line on, whatever becomes of its files. */
export interface LogFollower {
  /** The next lines, oldest first; none when there is nothing new. @throws the error of the file system. */
  read(): Promise<readonly LogLine[]>
  close(): Promise<void>
}

interface FollowOptions {
  /** The active file. */
  readonly file: string
  /** Lines behind this number are read; 0: all that are there. */
  readonly after: number
  /** Told of lines that are missing or no lines, and of a numbering that begins anew. */
  readonly onFault: (reason: string) => void
  readonly patienceMs?: number
}

interface State extends FollowOptions {
  /** Number of the last line that was read, or of the one in front of the first. */
  position: number
  /** Whether it is known with which line the log begins. */
  isBegun: boolean
  source: LogSource | undefined
  /** Monotonic: since when the next line is looked for in vain, or a file is found damaged. */
  doubtSince: number | undefined
  /** A later file has lines; this one is read to its end once more. */
  isLeaving: boolean
}

/**
 * Follows the log behind a number: through a rotation by rename, also one whose writer goes on with the old file for a
 * while, by copy and truncate, and through compressed files. Lines come in the order of their numbers, none twice.
 */
export function followLog(options: FollowOptions): LogFollower {
  const state: State = {
    ...options,
    position: options.after,
    isBegun: options.after > 0,
    source: undefined,
    doubtSince: undefined,
    isLeaving: false,
  }
  return {
    read: () => read(state),
    close: async () => {
      await leave(state)
    },
  }
}

async function read(state: State): Promise<readonly LogLine[]> {
  for (;;) {
    state.source ??= await locate(state)
    if (state.source === undefined) return []
    const { entries, isAtEnd, isDamaged } = await state.source.read()
    const known = entries.findLastIndex(entry => isLine(entry) && entry.record.seq <= state.position)
    const fresh = entries.slice(known + 1)
    if (isDamaged && !isOutOfPatience(state, COMPRESSION_MS)) return await lookAgain(state)
    if (!follows(state, fresh[0]) && !isOutOfPatience(state)) return await lookAgain(state)
    const lines = accept(state, fresh)
    if (lines.length > 0) return lines
    if (isAtEnd && !(await advance(state, state.source))) return []
  }
}

function isLine(entry: LogLine | string): entry is LogLine {
  return typeof entry !== 'string'
}

/** Whether this is the next line, or says itself why it is not. */
function follows({ position }: State, next: LogLine | string | undefined): boolean {
  if (next === undefined) return true
  if (!isLine(next)) return false
  const { seq, action, from_seq: from } = next.record
  return seq === position + 1 || (action === 'audit.gap' && from !== undefined && from <= position + 1)
}

function accept(state: State, entries: readonly (LogLine | string)[]): readonly LogLine[] {
  for (const entry of entries) {
    if (!isLine(entry)) {
      state.onFault(`${state.source?.path} has a line that is none: ${entry}`)
      continue
    }
    const { seq } = entry.record
    if (!follows(state, entry)) state.onFault(`the lines ${state.position + 1} to ${seq - 1} are missing`)
    state.position = seq
  }
  const lines = entries.filter(isLine)
  if (lines.length > 0) {
    state.doubtSince = undefined
    state.isLeaving = false
  }
  return lines
}

/** What was read does not fit: the files are looked for anew, the next time from the beginning. */
async function lookAgain(state: State): Promise<readonly LogLine[]> {
  state.doubtSince ??= performance.now()
  await leave(state)
  return []
}

function isOutOfPatience({ doubtSince, patienceMs }: State, longestMs = PATIENCE_MS): boolean {
  return doubtSince !== undefined && performance.now() - doubtSince >= (patienceMs ?? longestMs)
}

async function leave(state: State): Promise<void> {
  const { source } = state
  state.source = undefined
  state.isLeaving = false
  await source?.close()
}

/** The file that holds the next line, open. */
async function locate(state: State): Promise<LogSource | undefined> {
  const { files } = await list(state)
  await noticeNewNumbering(state, files)
  const numbered = files.filter(({ firstSeq }) => firstSeq !== undefined)
  const found = numbered.findLast(({ firstSeq = 0 }) => firstSeq <= state.position + 1) ?? numbered[0]
  if (found === undefined) return undefined
  if (!state.isBegun && !isOutOfPatience(state) && !(await isOldest(state, found))) {
    state.doubtSince ??= performance.now()
    return undefined
  }
  if (!state.isBegun) {
    state.isBegun = true
    state.position = (found.firstSeq ?? 1) - 1
  }
  return await openLogSource(found, state.position)
}

/** An older file may have been overlooked while it was renamed or compressed; no number tells where the log begins. */
async function isOldest(state: State, { firstSeq = 0 }: AuditFile): Promise<boolean> {
  const { files, skipped } = await list(state)
  return skipped.length === 0 && files.every(file => (file.firstSeq ?? firstSeq) >= firstSeq)
}

async function list({ file }: State): Promise<AuditListing> {
  try {
    return await listAuditFiles(file)
  } catch (error) {
    // The writer makes the directory.
    if (isMissing(error)) return { files: [], skipped: [] }
    throw error
  }
}

/** A log that was taken away with the state of its writer begins with 1 again; its lines are new ones. */
async function noticeNewNumbering(state: State, files: readonly AuditFile[]): Promise<void> {
  const active = files.find(({ path }) => path === state.file)
  if (active?.firstSeq === undefined) return
  const handle = await openAuditFile(active.path)
  const last = await lastSeqOf(handle).finally(() => handle.close())
  if (last === undefined || last >= state.position) return
  state.onFault(`the log ends with line ${last} though line ${state.position} was sent: it is sent again`)
  state.position = active.firstSeq - 1
}

/** At the end of what is there: whether there is more to read elsewhere. */
async function advance(state: State, source: LogSource): Promise<boolean> {
  const named = await stat(state.file).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (named !== undefined && source.isIntact(named)) return false
  if (named !== undefined && source.isTruncated(named)) {
    await leave(state)
    return true
  }
  const { files } = await list(state)
  const next = files.find(({ firstSeq = 0 }) => firstSeq > state.position)
  if (next === undefined) return false
  if (!state.isLeaving) {
    // Numbers are given in the order of writing: a line in a later file means that this one has all of its own by now.
    state.isLeaving = true
    return true
  }
  await leave(state)
  state.source = await openLogSource(next, state.position)
  return true
}
