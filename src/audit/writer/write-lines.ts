import { AuditUnwritable } from '../../model/errors.ts'
import { messageOf } from '../../model/message-of.ts'
import type { QueuedLine } from './line-queue.ts'
import type { NumberedLine, WaitingLine } from './numbering.ts'
import type { WriterState } from './writer-state.ts'

/**
 * Numbers and writes lines that were taken from the queue; what could not be written goes back to its front.
 * `count` of them are in the file; `isConfirmed` when all are, as `sync` asks for. Never throws.
 */
export async function writeLines(
  state: WriterState,
  lines: readonly WaitingLine[],
): Promise<{ readonly count: number; readonly isConfirmed: boolean }> {
  const numbered = state.numbering.number(lines)
  const result = await state.place.target().write(Buffer.from(`${numbered.map(textOf).join('\n')}\n`))
  const count = result.outcome === 'written' ? lines.length : countWhole(numbered, result.wholeBytes)
  const last = numbered[count - 1]
  if (last !== undefined) state.numbering.advance(last)
  state.records += count
  state.isDirty ||= count > 0
  const isSynced = await confirm(state, lines.slice(0, count).filter(isQueued))
  if (result.outcome === 'written') return { count, isConfirmed: isSynced }
  state.queue.unshift(...lines.slice(count).filter(isQueued))
  await failed(state, result.cause)
  return { count, isConfirmed: false }
}

/** Tells that lines are in the file; with `sync: always` that they are on the disk. */
async function confirm(state: WriterState, lines: readonly QueuedLine[]): Promise<boolean> {
  try {
    if (state.options.sync === 'always' && state.isDirty) {
      await state.place.target().sync()
      state.isDirty = false
    }
    for (const line of lines) line.resolve()
    return true
  } catch (cause) {
    begin(state, cause)
    refuse(
      lines.filter(line => line.isUrgent),
      cause,
    )
    // Their lines are in the file, though perhaps not on the disk; the gap's line will tell.
    for (const line of lines) line.resolve()
    return false
  }
}

/** The room that was kept free is for this moment; without it an outage begins. */
async function failed(state: WriterState, cause: unknown): Promise<void> {
  const { outage, options, ballast } = state
  if (isDiskFull(cause) && (await ballast.give())) {
    outage.setShort(messageOf(cause))
    options.log.error('the disk of the audit log is full: pushes and deletes are refused', {
      file: options.file,
      error: cause,
    })
    return
  }
  begin(state, cause)
}

/** What would be confirmed without its line is refused, everything else waits. */
function begin(state: WriterState, cause: unknown): void {
  const { outage, queue, options } = state
  if (outage.began(messageOf(cause))) {
    options.log.error('the audit log cannot be written', { file: options.file, error: cause })
  }
  refuse(queue.takeUrgent(), cause)
  queue.resolveAll()
}

function refuse(lines: readonly QueuedLine[], cause: unknown): void {
  for (const line of lines) line.reject(new AuditUnwritable('the audit log cannot be written', { cause }))
}

function isQueued(line: WaitingLine): line is QueuedLine {
  return 'isUrgent' in line
}

function isDiskFull(cause: unknown): boolean {
  const { code } = cause as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

function textOf({ text }: NumberedLine): string {
  return text
}

function countWhole(lines: readonly NumberedLine[], wholeBytes: number): number {
  let left = wholeBytes
  const torn = lines.findIndex(({ text }) => {
    left -= Buffer.byteLength(text) + 1
    return left < 0
  })
  return torn === -1 ? lines.length : torn
}
