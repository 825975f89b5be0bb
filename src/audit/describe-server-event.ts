import type { AuditEvent, AuditOutcome } from '../model/audit-event.ts'
import { defined } from './event-base.ts'

/** The event of the server itself: started, stopped, its configuration reloaded. `at` is ms since the epoch. */
export function describeServerEvent(event: {
  readonly action: 'server.start' | 'server.stop' | 'config.reload'
  readonly at: number
  /** ULID. */
  readonly id: string
  readonly outcome?: AuditOutcome
  readonly reason?: string
  readonly version?: string
}): AuditEvent {
  return {
    time: new Date(event.at).toISOString(),
    id: event.id,
    action: event.action,
    kind: event.action === 'config.reload' ? 'config' : 'server',
    outcome: event.outcome ?? 'success',
    actor: { kind: 'system' },
    ...defined({ reason: event.reason, version: event.version }),
  }
}
