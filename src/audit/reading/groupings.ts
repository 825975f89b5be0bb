import type { AuditRecord } from '../audit-fields.ts'

/** What records can be added up by; undefined where a record has no such thing. */
export const GROUPINGS = {
  repository: record => record.repository,
  actor: record => (record.actor.kind === 'system' ? undefined : (record.actor.name ?? '(name withheld)')),
  client: record => record.client_ip,
  action: record => record.action,
  outcome: record => record.outcome,
  hour: record => `${utc(record).slice(0, 13).replace('T', ' ')}:00`,
  day: record => utc(record).slice(0, 10),
} as const satisfies Readonly<Record<string, (record: AuditRecord) => string | undefined>>

export type Grouping = keyof typeof GROUPINGS

function utc({ time }: AuditRecord): string {
  return time.endsWith('Z') ? time : new Date(time).toISOString()
}
