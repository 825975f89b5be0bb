import type { AuditSelection } from '../audit/audit-filter.ts'
import { type Auditor, createAuditor } from '../audit/auditor.ts'
import type { AuditSink } from '../audit/writer/audit-sink.ts'
import type { Clock } from '../model/ports.ts'
import type { Metrics } from '../ops/metrics.ts'

/** The auditor over the sink, every line counted. */
export function createAuditPort(options: {
  readonly sink: AuditSink
  readonly clock: Clock
  readonly metrics: Metrics
  readonly selection: AuditSelection
}): Auditor {
  const { sink, clock, metrics, selection } = options
  return createAuditor({
    clock,
    monotonic: () => performance.now(),
    selection,
    refusal: sink.refusal,
    append: async event => {
      metrics.countOperation(event)
      try {
        await sink.append(event)
        metrics.countAuditRecords('file', 1)
      } catch (error) {
        metrics.countAuditError('file', 'write')
        throw error
      }
    },
  })
}
