import type { AuditRecord } from '../audit-fields.ts'
import type { LogLine } from './log-line.ts'
import { severityOf } from './outcome-severity.ts'

/** RFC 5424 §6.2.1; `audit` is its "log audit", `authpriv` its second "security/authorization messages". */
const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['ntp', 'audit', 'alert', 'clock'],
  ...['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
]
/** The enterprise number that RFC 5612 keeps for examples: we have none of our own. */
const SD_ID = 'landwaiter@32473'
const MAX_HOST = 255
const MAX_MSGID = 32
const MAX_VALUE = 512

/**
 * A line as a syslog message in a frame of its own length in bytes. The message is the line as it is in the file, without
 * a byte order mark, so that it stays JSON; the main fields stand beside it as structured data.
 * Spec: RFC 5424 §6, RFC 5425 §4.3 (the frame; RFC 6587 §3.4.1 without TLS).
 */
export function syslogFrame({ record, text }: LogLine, facility: string): string {
  const priority = FACILITIES.indexOf(facility) * 8 + severityOf(record).syslog
  const head = [
    `<${priority}>1`,
    record.time,
    printable(record.node, MAX_HOST),
    'landwaiter',
    '-',
    printable(record.action, MAX_MSGID),
    structuredData(record),
  ]
  const message = `${head.join(' ')} ${text}`
  return `${Buffer.byteLength(message)} ${message}`
}

function structuredData(record: AuditRecord): string {
  const { seq, id, action, kind, outcome, status, actor, client_ip, repository, tag, digest } = record
  const fields = {
    ...{ seq, id, action, kind, outcome, status, actor: actor.name, client_ip, repository, tag, digest },
    rule: record.rule,
    reason: record.reason,
  }
  const params = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [` ${name}="${paramValue(String(value))}"`],
  )
  return `[${SD_ID}${params.join('')}]`
}

/** RFC 5424 §6.3.3: quote, backslash and closing bracket are escaped. */
function paramValue(text: string): string {
  return text
    .slice(0, MAX_VALUE)
    .replace(/[\p{Cc}\ud800-\udfff]/gu, '?')
    .replace(/["\\\]]/g, '\\$&')
}

/** PRINTUSASCII, at least one character. */
function printable(text: string, longest: number): string {
  return text.replace(/[^!-~]/g, '_').slice(0, longest) || '-'
}
