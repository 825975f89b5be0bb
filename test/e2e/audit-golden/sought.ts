import type { AuditRecord } from '../../../src/audit/audit-fields.ts'
import type { AuditAction, AuditKind, AuditOutcome } from '../../../src/model/audit-event.ts'
import type { Sought } from './scene.ts'

/** A line by its `action kind outcome`, and what else it is to have. */
export function sought(
  key: `${AuditAction} ${AuditKind} ${AuditOutcome}`,
  more: Partial<AuditRecord> = {},
): Sought {
  const [action, kind, outcome] = key.split(' ') as [AuditAction, AuditKind, AuditOutcome]
  return { action, kind, outcome, ...more }
}
