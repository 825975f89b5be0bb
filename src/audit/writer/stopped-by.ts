import type { AuditAction, AuditEvent } from '../../model/audit-event.ts'

const MUTATIONS: ReadonlySet<AuditAction> = new Set<AuditAction>(['push', 'overwrite', 'delete', 'mount'])
const LOGINS: ReadonlySet<AuditAction> = new Set<AuditAction>(['login', 'token'])

/**
 * What stops when the line cannot be written: a `mutation` or a `login` that has not been confirmed to the client yet.
 * `nothing`: it is over, or was refused anyway, so that without its line it would be lost.
 */
export function stoppedBy({ action, outcome }: AuditEvent): 'mutation' | 'login' | 'nothing' {
  if (outcome !== 'success') return 'nothing'
  if (MUTATIONS.has(action)) return 'mutation'
  return LOGINS.has(action) ? 'login' : 'nothing'
}
