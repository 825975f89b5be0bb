import { join } from 'node:path'
import type { AuditEvent } from '../../model/audit-event.ts'
import { AuditUnwritable } from '../../model/errors.ts'
import { formatLine } from '../format-line.ts'
import type { AuditSink } from './audit-sink.ts'
import { createBallast } from './ballast.ts'
import { openCheckpointKey } from './checkpoint-key.ts'
import { openHeadFile } from './head-file.ts'
import { inTurn } from './in-turn.ts'
import { keepWatch } from './keep-watch.ts'
import { createLineQueue } from './line-queue.ts'
import { openLogPlace } from './log-place.ts'
import { createNumbering } from './numbering.ts'
import { createOutage } from './outage.ts'
import { createOwnLines } from './own-lines.ts'
import { resumeLog } from './resume-log.ts'
import { stoppedBy } from './stopped-by.ts'
import { queued, reopenLog, scheduleWrite, writeBatch, writeCheckpoint } from './write-batch.ts'
import { writeHead } from './write-head.ts'
import type { WriterOptions, WriterState } from './writer-state.ts'

const QUEUE_BYTES = 16 * 1024 * 1024
/** Number and hash, with which the line grows. */
const PLACE_BYTES = 91
const NEARLY_FULL = 'the disk of the audit log is nearly full'

/**
 * Opens the audit log, `-` for standard output, and continues its numbering. Lines keep the order of the appends: one
 * write is in flight, all that is appended meanwhile goes into the next.
 * @throws AuditUnwritable
 */
export async function createAuditWriter(options: WriterOptions): Promise<AuditSink> {
  const { state, previousStop } = await open(options)
  const stopWatch = keepWatch(state)
  return {
    append: event => append(state, event),
    refusal: request => refusal(state, request),
    reopen: () =>
      inTurn(state, async () => {
        await reopenLog(state)
        // Whoever asked finds the first line in the new file.
        await writeBatch(state)
        scheduleWrite(state)
      }),
    close: async () => {
      stopWatch()
      await close(state)
    },
    status: () => ({
      degraded: state.outage.reason(),
      queueBytes: state.queue.bytes(),
      records: state.records,
      lost: state.outage.lostLines(),
    }),
    previousStop,
  }
}

async function open(options: WriterOptions) {
  const { node, clock, newId, stateDir, isChained } = options
  const place = await openLogPlace(options)
  const { isRegular } = place.target()
  try {
    const key = isChained && isRegular ? await openCheckpointKey(stateDir) : undefined
    const head = isRegular ? await openHeadFile(join(stateDir, 'head.json')) : undefined
    const own = createOwnLines({ node, clock, newId })
    const resumed = await resumeLog(options, { target: place.target(), head: head?.found, own })
    const state: WriterState = {
      options,
      place,
      queue: createLineQueue(),
      numbering: createNumbering({ last: resumed.last, isChained }),
      outage: createOutage({ graceMs: options.graceMs, clock, monotonic: () => performance.now() }),
      ballast: createBallast(options.file, isRegular ? options.ballast : 0),
      own,
      key,
      head,
      records: 0,
      isClosed: false,
      isWriteDue: false,
      isDirty: false,
      lastWriteMs: Number.NEGATIVE_INFINITY,
      lastLookMs: Number.NEGATIVE_INFINITY,
      checkpoint: { seq: 0, atMs: performance.now() },
      turn: Promise.resolve(),
    }
    if (!(await state.ballast.take())) {
      state.outage.setShort(NEARLY_FULL)
      options.log.error(`${NEARLY_FULL}: pushes and deletes are refused`, { file: options.file })
    }
    state.queue.unshift(...resumed.lines.map(queued))
    scheduleWrite(state)
    return { state, previousStop: resumed.previousStop }
  } catch (error) {
    await place.target().close()
    throw error
  }
}

function append(state: WriterState, event: AuditEvent): Promise<void> {
  if (state.isClosed) return Promise.reject(new AuditUnwritable('the audit log is closed'))
  const { outage, queue, options } = state
  const line = formatLine({ v: 1, node: options.node, ...event })
  const bytes = Buffer.byteLength(line.before) + Buffer.byteLength(line.after) + PLACE_BYTES
  const stopped = stoppedBy(event)
  if (!outage.isFailing() && queue.bytes() + bytes > QUEUE_BYTES) {
    outage.began('it is written too slowly: its queue is full')
    options.log.error('the audit log is written too slowly: its queue is full', { file: options.file })
  }
  if (!outage.isFailing()) {
    return new Promise((resolve, reject) => {
      queue.push({ line, bytes, isUrgent: stopped === 'mutation', resolve, reject })
      scheduleWrite(state)
    })
  }
  return appendInOutage(state, { line, bytes }, stopped)
}

/** What would be confirmed waits for the log; everything else has happened, and its line waits in memory. */
async function appendInOutage(
  { outage, queue, options }: WriterState,
  line: { readonly line: ReturnType<typeof formatLine>; readonly bytes: number },
  stopped: ReturnType<typeof stoppedBy>,
): Promise<void> {
  const isFull = queue.bytes() + line.bytes > QUEUE_BYTES
  const isOver = outage.isGraceOver() || isFull
  const isRefused = stopped === 'mutation' || (stopped === 'login' && isOver && options.pulls === 'refuse')
  if (isRefused) {
    throw new AuditUnwritable(`the audit log cannot be written: ${outage.reason()}`)
  }
  if (isFull || (isOver && !outage.isBeingTold())) outage.lose()
  else queue.push({ ...line, isUrgent: false, resolve: () => {}, reject: () => {} })
}

function refusal({ outage, queue, options }: WriterState, request: 'read' | 'write'): string | undefined {
  if (request === 'write') return outage.reason()
  if (options.pulls === 'allow' || !outage.isFailing()) return undefined
  return outage.isGraceOver() || queue.bytes() >= QUEUE_BYTES ? outage.reason() : undefined
}

async function close(state: WriterState): Promise<void> {
  if (state.isClosed) return
  state.isClosed = true
  await inTurn(state, async () => {
    while (state.queue.length() > 0 || state.outage.isFailing()) {
      if (!(await writeBatch(state)) && state.outage.isFailing()) break
    }
    await writeCheckpoint(state)
    if (state.options.sync !== 'none')
      await state.place
        .target()
        .sync()
        .catch(() => {})
    await writeHead(state)
    await state.head?.close()
    await state.place.target().close()
  })
}
