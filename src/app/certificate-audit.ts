import { describeCertificateEvent } from '../audit/describe-certificate-event.ts'
import type { AuditSink } from '../audit/writer/audit-sink.ts'
import type { CertificateEvent } from '../model/certificate-event.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { Metrics } from '../ops/metrics.ts'

/** Counts what happens to certificates and writes it to the audit log, a failure that repeats itself once. */
export function createCertificateAudit({
  sink,
  metrics,
  clock,
  newId,
  log,
}: {
  readonly sink: AuditSink
  readonly metrics: Metrics
  readonly clock: Clock
  readonly newId: () => string
  readonly log: Log
}): (event: CertificateEvent) => void {
  return event => {
    const at = clock()
    if (event.kind === 'obtained' || event.kind === 'renewed') {
      metrics.countCertificateAttempt(event.name, 'obtained', at)
    }
    if (event.kind === 'failed') metrics.countCertificateAttempt(event.name, 'failed', at)
    if (event.kind === 'failed' && event.isRepeated) return
    sink
      .append(describeCertificateEvent(event, { at, id: newId() }))
      .catch((error: unknown) => log.error('the audit line of a certificate is lost', { error }))
  }
}
