import type { AuditRecord } from '../audit-fields.ts'

/** A severity in the numbers of RFC 5424 §6.2.1 and of OpenTelemetry's log data model. */
export interface Severity {
  readonly syslog: number
  readonly otel: number
  readonly text: string
}

const INFO: Severity = { syslog: 6, otel: 9, text: 'INFO' }
const NOTICE: Severity = { syslog: 5, otel: 10, text: 'NOTICE' }
const WARNING: Severity = { syslog: 4, otel: 13, text: 'WARNING' }
const ERROR: Severity = { syslog: 3, otel: 17, text: 'ERROR' }

/** How grave a record is: what was denied is a warning, what failed an error. An outcome of a later version is a notice. */
export function severityOf({ outcome }: AuditRecord): Severity {
  switch (outcome) {
    case 'success':
      return INFO
    case 'denied':
      return WARNING
    case 'failed':
      return ERROR
    default:
      return NOTICE
  }
}
