import { join } from 'node:path'
import type { SinkReport } from '../../audit/sinks/sink-report.ts'
import type { Config } from '../../config/schema.ts'
import type { Log } from '../../model/ports.ts'
import type { Metrics } from '../../ops/metrics.ts'
import { auditStateDir } from '../open-audit-log.ts'
import { type AuditSinks, openAuditSinks } from './open-audit-sinks.ts'
import { readSinks } from './read-sinks.ts'

/** The sinks of a configuration, all they do counted. @throws CertificateFileError, PositionUnusable */
export async function openConfiguredSinks(
  config: Config,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
): Promise<AuditSinks> {
  return await openAuditSinks({
    settings: await readSinks(config),
    file: config.audit.file,
    directory: join(auditStateDir(config), 'sinks'),
    log,
    onReport: report => count(metrics, report),
  })
}

function count(metrics: Metrics, { sink, sent, skipped, errors, lastSuccess }: SinkReport): void {
  metrics.countAuditSinkSent(sink, sent)
  metrics.countAuditSinkSkipped(sink, skipped)
  for (const [reason, times] of Object.entries(errors)) metrics.countAuditSinkErrors(sink, reason, times)
  if (lastSuccess !== undefined) metrics.setAuditSinkSuccess(sink, lastSuccess)
}
