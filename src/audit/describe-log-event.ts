import type { AuditEvent } from '../model/audit-event.ts'
import { defined } from './event-base.ts'

type LogFields = Pick<AuditEvent, 'file' | 'from_seq' | 'to_seq' | 'count' | 'key' | 'signature' | 'reason'>

/** The event of the audit log itself. `at` is ms since the epoch, `id` a ULID. Lost lines are no success. */
export function describeLogEvent(
  action: 'audit.rotate' | 'audit.checkpoint' | 'audit.gap' | 'audit.prune',
  { at, id, ...fields }: { readonly at: number; readonly id: string } & LogFields,
): AuditEvent {
  return {
    time: new Date(at).toISOString(),
    id,
    action,
    kind: 'audit',
    outcome: action === 'audit.gap' ? 'failed' : 'success',
    actor: { kind: 'system' },
    ...defined(fields),
  }
}
