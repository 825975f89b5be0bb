import { messageOf } from '../../model/message-of.ts'
import { inTurn } from './in-turn.ts'
import { scheduleWrite, writeBatch, writeCheckpoint } from './write-batch.ts'
import { waitingLines, writeHead } from './write-head.ts'
import type { WriterState } from './writer-state.ts'

const EVERY_MS = 1000

/**
 * Does once a second what no line brings about: tries again after a failed write, takes back the room that was given
 * up, forces lines to the disk, signs, writes the head. Returns how to stop that.
 */
export function keepWatch(state: WriterState): () => void {
  let isRunning = false
  let told = ''
  const timer = setInterval(() => {
    syncInterval(state)
    // A slow disk must not pile up turns.
    if (isRunning) return
    isRunning = true
    void inTurn(state, async () => {
      await recover(state)
      await checkpointIfDue(state)
      const now = `${state.numbering.last().seq} ${waitingLines(state)}`
      if (now !== told) await writeHead(state)
      told = now
    }).finally(() => {
      isRunning = false
    })
  }, EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}

async function recover(state: WriterState): Promise<void> {
  const { outage, ballast, options } = state
  if (outage.isFailing()) {
    await writeBatch(state)
    scheduleWrite(state)
  }
  if (outage.isFailing() || ballast.isThere() || !(await ballast.take())) return
  outage.setShort(undefined)
  options.log.info('the disk of the audit log has room again', { file: options.file })
}

async function checkpointIfDue(state: WriterState): Promise<void> {
  if (performance.now() - state.checkpoint.atMs < state.options.checkpointMs) return
  await writeCheckpoint(state)
}

/** Beside the writes: nobody waits for it. */
function syncInterval(state: WriterState): void {
  if (state.options.sync !== 'interval' || !state.isDirty) return
  state.isDirty = false
  state.place
    .target()
    .sync()
    .catch((error: unknown) => {
      state.isDirty = true
      const isNew = state.outage.began(messageOf(error))
      if (isNew) state.options.log.error('the audit log could not be forced to the disk', { error })
    })
}
