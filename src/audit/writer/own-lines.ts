import type { AuditEvent } from '../../model/audit-event.ts'
import type { Clock } from '../../model/ports.ts'
import { describeLogEvent } from '../describe-log-event.ts'
import { formatLine, type UnnumberedLine } from '../format-line.ts'
import { checkpointText } from '../signed-texts.ts'
import type { CheckpointKey } from './checkpoint-key.ts'
import type { WaitingLine } from './numbering.ts'

/** The lines that the log writes of itself. */
export interface OwnLines {
  /** The first line of a new file; `file` is the name of the one before, where it is known. */
  rotate(file: string | undefined, reason?: string): WaitingLine
  /** Takes the numbers of `count` lost lines, which may be none. */
  gap(count: number, reason: string): WaitingLine
  checkpoint(key: CheckpointKey): WaitingLine
}

/** How the log tells of an event. */
export function createOwnLines({
  node,
  clock,
  newId,
}: {
  readonly node: string
  readonly clock: Clock
  readonly newId: () => string
}): OwnLines {
  const format = (event: AuditEvent): UnnumberedLine => formatLine({ v: 1, node, ...event })
  const now = () => ({ at: clock(), id: newId() })
  return {
    rotate: (file, reason) => ({
      line: format(
        describeLogEvent('audit.rotate', {
          ...now(),
          ...(file === undefined ? {} : { file }),
          ...(reason === undefined ? {} : { reason }),
        }),
      ),
    }),
    gap: (count, reason) => ({
      skips: count,
      line: ({ seq }) => {
        const numbers = count === 0 ? {} : { from_seq: seq - count, to_seq: seq - 1 }
        return format(describeLogEvent('audit.gap', { ...now(), ...numbers, count, reason }))
      },
    }),
    checkpoint: key => ({
      line: place => {
        const signature = key.sign(checkpointText({ node, ...place }))
        return format(describeLogEvent('audit.checkpoint', { ...now(), key: key.id, signature }))
      },
    }),
  }
}
