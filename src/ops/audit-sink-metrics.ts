import type { Families } from './metric-families.ts'
import { createNameLabel, NAMES_MAX } from './metric-labels.ts'

/** What the receivers of the audit log got. */
export interface AuditSinkMetrics {
  countAuditSinkSent(sink: string, lines: number): void
  countAuditSinkSkipped(sink: string, lines: number): void
  countAuditSinkErrors(sink: string, reason: string, count: number): void
  /** Milliseconds since the epoch. */
  setAuditSinkSuccess(sink: string, at: number): void
  /** Replaces all that was said before. */
  setAuditSinkLags(lags: ReadonlyMap<string, number>): void
}

/** Metrics of the receivers that the audit log is sent to. */
export function auditSinkMetrics(families: Families): AuditSinkMetrics {
  const sent = families.counter({
    name: 'audit_sink_sent_total',
    help: 'Audit lines that a receiver took.',
    labels: ['sink'],
  })
  const skipped = families.counter({
    name: 'audit_sink_skipped_total',
    help: 'Audit lines that a receiver refused and that were passed over (on_refused: skip).',
    labels: ['sink'],
  })
  const errors = families.counter({
    name: 'audit_sink_errors_total',
    help: 'Tries to send audit lines that failed.',
    labels: ['sink', 'reason'],
  })
  const success = families.gauge({
    name: 'audit_sink_last_success_timestamp_seconds',
    help: 'When a receiver took audit lines the last time.',
    labels: ['sink'],
  })
  const lag = families.gauge({
    name: 'audit_sink_lag_lines',
    help: 'Audit lines that are written and not known to have arrived.',
    labels: ['sink'],
  })
  const sinkLabel = createNameLabel(NAMES_MAX)
  const reasonLabel = createNameLabel(NAMES_MAX)
  return {
    countAuditSinkSent: (sink, lines) => sent([sinkLabel(sink)], lines),
    countAuditSinkSkipped: (sink, lines) => skipped([sinkLabel(sink)], lines),
    countAuditSinkErrors: (sink, reason, count) => errors([sinkLabel(sink), reasonLabel(reason)], count),
    setAuditSinkSuccess: (sink, at) => success.set([sinkLabel(sink)], at / 1000),
    setAuditSinkLags: lags => {
      lag.reset()
      for (const [sink, lines] of lags) lag.set([sinkLabel(sink)], lines)
    },
  }
}
