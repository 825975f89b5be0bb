import { setTimeout as pause, setImmediate as turnEnd } from 'node:timers/promises'
import { inTurn } from './in-turn.ts'
import type { QueuedLine } from './line-queue.ts'
import type { WaitingLine } from './numbering.ts'
import { writeLines } from './write-lines.ts'
import type { WriterState } from './writer-state.ts'

const BATCH_BYTES = 1024 * 1024
/** Syncs are dear, so that more lines should share one; nobody is kept waiting longer for it. */
const SYNC_STEP_MS = 1
/** What others do to the file is no matter of each batch: to look costs as much as to write. */
const LOOK_EVERY_MS = 50
/** More than any line of ours about itself. */
const OWN_BYTES = 1024

/** Sees to it that queued lines are written, one batch after the other. */
export function scheduleWrite(state: WriterState): void {
  if (state.isWriteDue || state.queue.length() === 0) return
  state.isWriteDue = true
  void inTurn(state, async () => {
    await gatherLines(state)
    state.isWriteDue = false
    const isDone = await writeBatch(state)
    // An outage is tried again from time to time only.
    if (isDone || !state.outage.isFailing()) scheduleWrite(state)
  })
}

/** Each write wakes a thread, so all requests of one turn of the event loop share it. */
async function gatherLines({ options, lastWriteMs, isClosed }: WriterState): Promise<void> {
  if (isClosed) return
  if (options.sync !== 'always') await turnEnd()
  else if (performance.now() - lastWriteMs < SYNC_STEP_MS) await pause(SYNC_STEP_MS)
}

/** Writes what is queued, at most 1 MiB of it; true when it is written. During an outage also tells of it. */
export async function writeBatch(state: WriterState): Promise<boolean> {
  const { queue, options } = state
  state.lastWriteMs = performance.now()
  await prepareFile(state)
  const batch = queue.take(BATCH_BYTES)
  const outage = queue.length() === 0 ? state.outage.tell() : undefined
  const lines = outage === undefined ? batch : [...batch, state.own.gap(outage.lost, outageReason(outage))]
  if (lines.length === 0) return true
  const { count, isConfirmed } = await writeLines(state, lines)
  if (outage !== undefined && count === lines.length) state.outage.told(outage.lost)
  if (outage !== undefined && isConfirmed && state.outage.ended()) {
    options.log.info('the audit log is written again', { file: options.file, lost: outage.lost })
  }
  options.onWritten?.()
  return isConfirmed
}

/** Begins a new file where that is due, and notices what others did to this one. */
async function prepareFile(state: WriterState): Promise<void> {
  const { place, queue } = state
  if (state.lastWriteMs - state.lastLookMs >= LOOK_EVERY_MS) {
    state.lastLookMs = state.lastWriteMs
    await heedTampering(state)
  }
  if (place.isRotationDue(queue.bytes())) await rotate(state)
}

async function heedTampering(state: WriterState): Promise<void> {
  const { place, queue, own, options } = state
  const tampering = await place.target().look()
  if (tampering === 'removed') await reopenLog(state, 'the file had been removed')
  if (tampering === 'shortened') {
    options.log.warn('the audit log was shortened by another program', { file: options.file })
    queue.unshift(queued(own.rotate(undefined, 'the file was shortened by another program')))
  }
}

async function rotate(state: WriterState): Promise<void> {
  await closeFile(state)
  const file = await state.place.rotate()
  if (file === undefined) return
  state.queue.unshift(queued(state.own.rotate(file)))
  state.options.onRotated?.()
}

/** Goes on in the file that the name leads to now. @throws AuditUnwritable, keeping the old one. */
export async function reopenLog(state: WriterState, reason?: string): Promise<void> {
  const { place, own, queue, options } = state
  if (await place.target().isAt(options.file)) return
  await closeFile(state)
  const found = await place.reopen()
  if (found === undefined) return
  queue.unshift(queued(own.rotate(found.file, reason)))
  options.onRotated?.()
}

/** The last lines of a file: it ends with a signature, and is on the disk. */
async function closeFile(state: WriterState): Promise<void> {
  await writeCheckpoint(state)
  if (state.options.sync === 'none') return
  await state.place
    .target()
    .sync()
    .catch(error => state.options.log.error('the audit log could not be forced to the disk', { error }))
}

/** Signs the last line, unless it is a signature itself or the log cannot be written. */
export async function writeCheckpoint(state: WriterState): Promise<void> {
  const { key, own, numbering, outage, checkpoint } = state
  if (key === undefined || outage.isFailing() || numbering.last().seq === checkpoint.seq) return
  await writeLines(state, [own.checkpoint(key)])
  state.checkpoint = { seq: numbering.last().seq, atMs: performance.now() }
}

/** A line of our own for the queue; nobody waits for it. */
export function queued(line: WaitingLine): QueuedLine {
  return { ...line, bytes: OWN_BYTES, isUrgent: false, resolve: () => {}, reject: () => {} }
}

function outageReason({ sinceMs, reason }: { readonly sinceMs: number; readonly reason: string }): string {
  return `the log could not be written since ${new Date(sinceMs).toISOString()}: ${reason}`
}
