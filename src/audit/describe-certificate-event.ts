import type { AuditAction, AuditEvent } from '../model/audit-event.ts'
import type { CertificateEvent } from '../model/certificate-event.ts'
import { defined } from './event-base.ts'

/** The event of one of our certificates; `at` is ms since the epoch, `id` a ULID. */
export function describeCertificateEvent(
  event: CertificateEvent,
  { at, id }: { readonly at: number; readonly id: string },
): AuditEvent {
  const isBad = event.kind === 'failed' || event.kind === 'expiring'
  return {
    time: new Date(at).toISOString(),
    id,
    action: actionOf(event),
    kind: 'certificate',
    outcome: isBad ? 'failed' : 'success',
    actor: { kind: 'system' },
    host: event.name,
    ...defined({
      reason: 'reason' in event ? event.reason : undefined,
      expires: 'notAfter' in event ? new Date(event.notAfter).toISOString() : undefined,
      issuer: 'authority' in event ? event.authority : undefined,
      serial: 'serial' in event ? event.serial : undefined,
    }),
  }
}

function actionOf(event: CertificateEvent): AuditAction {
  switch (event.kind) {
    case 'obtained':
      return 'cert.issue'
    case 'renewed':
      return 'cert.renew'
    case 'adopted':
      return 'cert.load'
    case 'failed':
      return event.isRenewal ? 'cert.renew' : 'cert.issue'
    case 'expiring':
      return 'cert.expiring'
    case 'revoked':
      return 'cert.revoke'
  }
}
