import type { Families } from './metric-families.ts'
import { createNameLabel, NAMES_MAX } from './metric-labels.ts'

/** State of the audit log. */
export interface AuditMetrics {
  countAuditRecords(sink: string, count: number): void
  countAuditError(sink: string, reason: string): void
  setAuditQueueBytes(bytes: number): void
  setAuditDegraded(degraded: boolean): void
  /** Since the start. */
  setAuditLost(lines: number): void
}

/** Metrics of the audit log. */
export function auditMetrics(families: Families): AuditMetrics {
  const records = families.counter({
    name: 'audit_records_total',
    help: 'Audit lines written.',
    labels: ['sink'],
  })
  const errors = families.counter({
    name: 'audit_errors_total',
    help: 'Audit lines that could not be written.',
    labels: ['sink', 'reason'],
  })
  const queue = families.gauge({
    name: 'audit_queue_bytes',
    help: 'Bytes of audit lines waiting to be written.',
  })
  const lost = families.gauge({
    name: 'audit_lost_lines',
    help: 'Audit lines since the start that were never written; the log tells of each gap.',
  })
  const degraded = families.gauge({ name: 'audit_degraded', help: '1 while audit lines cannot be written.' })
  const sinkLabel = createNameLabel(NAMES_MAX)
  const reasonLabel = createNameLabel(NAMES_MAX)
  return {
    countAuditRecords: (sink, count) => records([sinkLabel(sink)], count),
    countAuditError: (sink, reason) => errors([sinkLabel(sink), reasonLabel(reason)]),
    setAuditQueueBytes: bytes => queue.set([], bytes),
    setAuditLost: lines => lost.set([], lines),
    setAuditDegraded: isDegraded => degraded.set([], isDegraded ? 1 : 0),
  }
}
