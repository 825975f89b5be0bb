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
  /** Of a start. */
  readonly version?: string
  readonly pid?: number
  readonly previousStop?: 'clean' | 'unclean' | undefined
  /** Of a start or a reload: the fingerprint of the configuration. */
  readonly config?: string
}): AuditEvent {
  return {
    time: new Date(event.at).toISOString(),
    id: event.id,
    action: event.action,
    kind: event.action === 'config.reload' ? 'config' : 'server',
    outcome: event.outcome ?? 'success',
    actor: { kind: 'system' },
    ...defined({
      reason: event.reason,
      version: event.version,
      pid: event.pid,
      config: event.config,
      previous_stop: event.previousStop,
    }),
  }
}
