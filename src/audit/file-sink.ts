import { setTimeout as pause } from 'node:timers/promises'
import type { AuditEvent } from '../model/audit-event.ts'
import { AuditUnwritable } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import type { AppendAudit, Log } from '../model/ports.ts'
import { formatLine } from './format-line.ts'
import { type LineFile, openLineFile, type WriteResult } from './line-file.ts'

const BATCH_BYTES = 1024 * 1024
const QUEUE_BYTES = 16 * 1024 * 1024
const FILE_MODE = 0o600
/** Each write wakes a thread, so a busy log is written in steps; nobody is kept waiting longer for a line. */
const STEP_MS = 2

/** What readiness and the metrics show. */
export interface AuditStatus {
  /** Why the last write failed; `undefined` while lines are written. */
  readonly degraded: string | undefined
  /** Bytes of lines that are not with the kernel yet. */
  readonly queueBytes: number
  /** Lines written since the start. */
  readonly records: number
}

/** The audit log as one file of JSON lines. */
export interface AuditSink {
  readonly append: AppendAudit
  /** Opens the file anew by its name, after a rotation renamed it. @throws AuditUnwritable, keeping the old one. */
  reopen(): Promise<void>
  /** Writes what is queued and closes the file; later appends are refused. */
  close(): Promise<void>
  status(): AuditStatus
}

interface FileOptions {
  readonly file: string
  readonly node: string
  readonly log: Log
  /** Of a new file; 0600 unless given. */
  readonly mode?: number
}

interface Entry {
  readonly seq: number
  readonly line: string
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: AuditUnwritable) => void
}

interface State {
  readonly options: FileOptions
  target: LineFile
  lastSeq: number
  queue: Entry[]
  queueBytes: number
  records: number
  degraded: string | undefined
  isClosed: boolean
  isWriteDue: boolean
  /** Monotonic, of the last write. */
  lastWriteMs: number
  /** Writes, reopening and closing take turns. */
  turn: Promise<unknown>
}

/**
 * Opens the audit log, `-` for standard output, and continues its numbering. Lines keep the order of the appends:
 * one write is in flight, all that is appended meanwhile goes into the next. A failed write refuses every line that
 * waits and gives the numbers back; the next append tries again.
 * @throws AuditUnwritable
 */
export async function createFileSink(options: FileOptions): Promise<AuditSink> {
  const target = await openTarget(options)
  const state: State = {
    options,
    target,
    lastSeq: target.lastSeq,
    queue: [],
    queueBytes: 0,
    records: 0,
    degraded: undefined,
    isClosed: false,
    isWriteDue: false,
    lastWriteMs: Number.NEGATIVE_INFINITY,
    turn: Promise.resolve(),
  }
  return {
    append: event => append(state, event),
    reopen: () => inTurn(state, () => reopen(state)),
    close: () => close(state),
    status: () => ({ degraded: state.degraded, queueBytes: state.queueBytes, records: state.records }),
  }
}

function openTarget({ file, log, mode = FILE_MODE }: FileOptions): Promise<LineFile> {
  return openLineFile(file, { log, mode })
}

function append(state: State, event: AuditEvent): Promise<void> {
  if (state.isClosed) return Promise.reject(new AuditUnwritable('the audit log is closed'))
  const seq = state.lastSeq + 1
  const line = formatLine({ v: 1, node: state.options.node, seq, ...event })
  const bytes = Buffer.byteLength(line)
  if (state.queueBytes + bytes > QUEUE_BYTES) {
    return Promise.reject(new AuditUnwritable('the audit log is written too slowly: its queue is full'))
  }
  state.lastSeq = seq
  state.queueBytes += bytes
  return new Promise((resolve, reject) => {
    state.queue.push({ seq, line, bytes, resolve, reject })
    scheduleWrite(state)
  })
}

function scheduleWrite(state: State): void {
  if (state.isWriteDue || state.queue.length === 0) return
  state.isWriteDue = true
  void inTurn(state, () => writeBatch(state))
}

async function writeBatch(state: State): Promise<void> {
  if (performance.now() - state.lastWriteMs < STEP_MS && !state.isClosed) await pause(STEP_MS)
  state.lastWriteMs = performance.now()
  state.isWriteDue = false
  const batch = takeBatch(state)
  if (batch.length === 0) return
  const result = await state.target.write(Buffer.from(batch.map(entry => entry.line).join('')))
  settle(state, batch, result)
  scheduleWrite(state)
}

function takeBatch({ queue }: State): readonly Entry[] {
  let count = 0
  let bytes = 0
  for (const entry of queue) {
    bytes += entry.bytes
    if (bytes > BATCH_BYTES) break
    count += 1
  }
  return queue.splice(0, count)
}

function settle(state: State, batch: readonly Entry[], result: WriteResult): void {
  if (result.outcome === 'written') {
    if (state.degraded !== undefined) state.options.log.info('the audit log is written again', place(state))
    state.degraded = undefined
    acknowledge(state, batch)
    return
  }
  const written = countWhole(batch, result.wholeBytes)
  acknowledge(state, batch.slice(0, written))
  refuse(state, [...batch.slice(written), ...state.queue.splice(0)], result.cause)
}

function acknowledge(state: State, entries: readonly Entry[]): void {
  for (const entry of entries) {
    state.queueBytes -= entry.bytes
    state.records += 1
    entry.resolve()
  }
}

/** What waits behind a failed write would meet the same full disk: it is refused too, so that no number is lost. */
function refuse(state: State, entries: readonly Entry[], cause: unknown): void {
  const reason = messageOf(cause)
  if (state.degraded === undefined) {
    state.options.log.error('the audit log cannot be written', { ...place(state), error: cause })
  }
  state.degraded = reason
  const first = entries[0]
  if (first !== undefined) state.lastSeq = first.seq - 1
  for (const entry of entries) {
    state.queueBytes -= entry.bytes
    entry.reject(new AuditUnwritable('the audit log cannot be written', { cause }))
  }
}

function countWhole(batch: readonly Entry[], wholeBytes: number): number {
  let left = wholeBytes
  const torn = batch.findIndex(entry => {
    left -= entry.bytes
    return left < 0
  })
  return torn === -1 ? batch.length : torn
}

async function reopen(state: State): Promise<void> {
  const old = state.target
  state.target = await openTarget(state.options)
  await old.close()
}

async function close(state: State): Promise<void> {
  if (state.isClosed) return
  state.isClosed = true
  while (state.queueBytes > 0) await state.turn
  await inTurn(state, () => state.target.close())
}

function inTurn<T>(state: State, task: () => Promise<T>): Promise<T> {
  const done = state.turn.then(task)
  // A failed task is its caller's affair; the next one takes its turn all the same.
  state.turn = done.catch(() => {})
  return done
}

function place({ options }: State): { readonly file: string } {
  return { file: options.file }
}
