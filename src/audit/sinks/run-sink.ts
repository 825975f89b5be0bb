import { messageOf } from '../../model/message-of.ts'
import type { Clock, Log } from '../../model/ports.ts'
import { type Batch, halvesOf, type LineBatches } from './line-batches.ts'
import type { PositionFile } from './position-file.ts'
import type { Retry } from './retry.ts'
import { SendFailed } from './send-failed.ts'
import type { Sender } from './sender.ts'
import type { SinkTally } from './sink-tally.ts'
import { createWaiting, type Waiting } from './waiting.ts'

/** The log is looked at so often without being told of a line. */
const POLL_MS = 250
/** What a receiver without acknowledgements was sent is confirmed after that time, or that many bytes. */
const CONFIRM_MS = 5_000
const CONFIRM_BYTES = 1024 * 1024
/** A position is kept so often at most. */
const SAVE_MS = 200
/** While a sink fails, the log is reminded of it so often. */
const REMIND_MS = 300_000

/** One sink at work. */
export interface RunningSink {
  /** Lines were written. */
  wake(): void
  /** Sends what is there; resolves when all has arrived, or at the first failure. */
  drain(): Promise<void>
  /** Ends it, its position kept. Never rejects. */
  stop(): Promise<void>
}

/** What a sink works with; all of it but `log` and `clock` is its own. */
export interface SinkParts {
  readonly name: string
  readonly sender: Sender
  readonly batches: LineBatches
  readonly position: PositionFile
  readonly retry: Retry
  readonly tally: SinkTally
  readonly log: Log
  readonly clock: Clock
  /** Lines that the receiver refuses are given up after so many tries. */
  readonly refusedTries: number
}

interface State extends SinkParts {
  readonly stopping: AbortController
  readonly waiting: Waiting
  /** Read and not known to have arrived, oldest first. */
  pending: Batch[]
  /** How many of them are on their way. */
  underway: number
  /** Monotonic. */
  underwaySince: number
  refusals: number
  /** Number of the last line that has arrived, when the file does not have it yet. */
  unsaved: number | undefined
  savedAt: number
  remindedAt: number
  drained: PromiseWithResolvers<void> | undefined
}

/** Sends batch after batch in order, each again and again until the receiver has it, and keeps the position. */
export function runSink(parts: SinkParts): RunningSink {
  const state: State = {
    ...parts,
    stopping: new AbortController(),
    waiting: createWaiting(),
    pending: [],
    underway: 0,
    underwaySince: 0,
    refusals: 0,
    unsaved: undefined,
    savedAt: Number.NEGATIVE_INFINITY,
    remindedAt: Number.NEGATIVE_INFINITY,
    drained: undefined,
  }
  const done = run(state)
  return {
    wake: state.waiting.wake,
    drain: () => {
      state.drained ??= Promise.withResolvers()
      state.waiting.interrupt()
      return state.drained.promise
    },
    stop: async () => {
      state.stopping.abort()
      state.waiting.interrupt()
      await done
    },
  }
}

async function run(state: State): Promise<void> {
  const { stopping, waiting, sender } = state
  while (!stopping.signal.aborted) {
    try {
      const isIdle = !(await step(state))
      await save(state)
      if (!isIdle) continue
      if (state.pending.length === 0) state.drained?.resolve()
      await waiting.forWork(POLL_MS)
    } catch (error) {
      if (!stopping.signal.aborted) await recover(state, error)
    }
  }
  await save(state, { isLast: true })
  await sender.close()
  state.drained?.resolve()
}

/** Reads and sends one batch; `false` when there was nothing to do. */
async function step(state: State): Promise<boolean> {
  const hasUnsent = state.underway < state.pending.length
  const batch = hasUnsent ? undefined : await readBatch(state)
  if (batch !== undefined) state.pending.push(batch)
  await sendPending(state)
  if (isConfirmDue(state, batch === undefined)) {
    if (state.pending.some(({ lines }) => lines.length > 0)) {
      await state.sender.confirm?.(state.stopping.signal)
    }
    arrived(state)
  }
  return hasUnsent || batch !== undefined
}

async function readBatch({ batches }: State): Promise<Batch | undefined> {
  try {
    return await batches.next()
  } catch (error) {
    throw new SendFailed('read', `the log cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

async function sendPending(state: State): Promise<void> {
  for (let next = state.pending[state.underway]; next !== undefined; next = state.pending[state.underway]) {
    if (next.lines.length > 0) await state.sender.send(next.lines, state.stopping.signal)
    if (state.underway === 0) state.underwaySince = performance.now()
    state.underway += 1
    if (state.sender.confirm === undefined) arrived(state)
  }
}

function isConfirmDue({ sender, pending, underwaySince, drained }: State, isIdle: boolean): boolean {
  if (pending.length === 0) return false
  const bytes = pending.reduce((sum, batch) => sum + batch.bytes, 0)
  if (sender.confirm === undefined || bytes >= CONFIRM_BYTES) return true
  if (isIdle && (bytes === 0 || drained !== undefined)) return true
  return performance.now() - underwaySince >= CONFIRM_MS
}

/** All that is under way has arrived. */
function arrived(state: State): void {
  const { tally, retry, log, name } = state
  const taken = state.pending.splice(0, state.underway)
  state.underway = 0
  if (state.pending.length === 0) state.refusals = 0
  const lines = taken.reduce((sum, batch) => sum + batch.lines.length, 0)
  state.unsaved = taken.at(-1)?.lastSeq ?? state.unsaved
  if (lines === 0) return
  tally.sent(lines, state.clock())
  tally.works()
  if (state.remindedAt > 0) log.info('an audit sink works again', { sink: name, seq: state.unsaved })
  state.remindedAt = Number.NEGATIVE_INFINITY
  retry.reset()
}

async function save(state: State, { isLast = false } = {}): Promise<void> {
  const { unsaved, position, tally, log, name } = state
  const isDue = isLast || performance.now() - state.savedAt >= SAVE_MS
  if (unsaved === undefined || !isDue) return
  state.savedAt = performance.now()
  try {
    await position.save(unsaved)
    state.unsaved = undefined
    tally.kept(unsaved)
  } catch (error) {
    // It goes on: what was sent since would be sent again after a restart.
    tally.failed('position', messageOf(error))
    if (performance.now() - state.remindedAt < REMIND_MS) return
    state.remindedAt = performance.now()
    log.error('an audit sink cannot keep its position', { sink: name, error })
  }
}

async function recover(state: State, error: unknown): Promise<void> {
  const failure =
    error instanceof SendFailed ? error : new SendFailed('other', messageOf(error), { cause: error })
  const { tally, retry } = state
  state.underway = 0
  tally.failed(failure.reason, failure.message)
  const waitMs = retry.next(failure)
  remind(state, failure)
  if (mayDivide(state, failure)) return
  state.drained?.resolve()
  await save(state)
  await state.waiting.forTime(waitMs)
}

/** A connection that was closed while nothing was sent fails once; that is not worth a word. */
function remind(state: State, failure: SendFailed): void {
  const { log, name, retry, pending } = state
  const isOld = performance.now() - state.remindedAt >= REMIND_MS
  if (!isOld || (retry.failures() < 2 && failure.reason === 'reset')) return
  state.remindedAt = performance.now()
  const [first] = pending[0]?.lines ?? []
  const fields = { sink: name, seq: first?.record.seq, reason: failure.reason, error: failure.message }
  if (failure.reason === 'refused')
    log.error('an audit sink is refused its lines; they are sent again', fields)
  else log.warn('an audit sink fails; its lines are sent again', fields)
}

/** A batch that is too large, or has lines that are to be given up, is cut in halves; a single line is given up. */
function mayDivide(state: State, { blames, message }: SendFailed): boolean {
  const [batch] = state.pending
  if (blames === undefined || batch === undefined) return false
  state.refusals += 1
  const isGivingUp = state.refusals >= state.refusedTries
  if (batch.lines.length > 1 && (isGivingUp || blames === 'size')) {
    state.pending.splice(0, 1, ...halvesOf(batch))
    return true
  }
  const [line] = batch.lines
  if (!isGivingUp || line === undefined) return false
  state.log.error('an audit sink passes over a line that was refused', {
    sink: state.name,
    error: message,
    line: line.text,
  })
  state.tally.skipped(1)
  state.pending.splice(0, 1, { ...batch, lines: [], bytes: 0 })
  return true
}
