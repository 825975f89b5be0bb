import { resolve } from 'node:path'
import type { AuditHead } from '../audit-head.ts'
import { headText } from '../signed-texts.ts'
import type { WriterState } from './writer-state.ts'

/** Writes down how far the log goes, apart from the log. Never throws. */
export async function writeHead(state: WriterState): Promise<void> {
  const { head, options } = state
  await head
    ?.write(headOf(state))
    .catch(error => options.log.error('the head of the audit log cannot be written', { error }))
}

/** Lines that are in memory only, or lost, and that the log does not tell of yet; 0 while it can be written. */
export function waitingLines({ outage, queue }: Pick<WriterState, 'outage' | 'queue'>): number {
  return outage.isFailing() ? queue.owed() + outage.untold() : 0
}

function headOf(state: WriterState): AuditHead {
  const { options, numbering, key } = state
  const { node, file } = options
  const { seq, hash } = numbering.last()
  const signed =
    key === undefined ? {} : { hash, key: key.id, signature: key.sign(headText({ node, seq, hash })) }
  return {
    v: 1,
    file: resolve(file),
    node,
    seq,
    time: new Date(options.clock()).toISOString(),
    waiting: waitingLines(state),
    ...signed,
  }
}
