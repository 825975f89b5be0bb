import type { AuditRecord } from '../audit/audit-fields.ts'
import { formatBytes, formatCount } from './format-amount.ts'

/** A record in words for a person, nothing escaped yet; `''` where there is nothing to say. */
export interface AuditRow {
  /** `2026-11-24` */
  readonly day: string
  /** `16:06:00`, UTC */
  readonly time: string
  readonly who: string
  /** `push manifest`, `login` */
  readonly action: string
  /** `team/web:1.4.2`, `team/web@9b2c1a2b3c4d` */
  readonly what: string
  readonly outcome: string
  readonly client: string
  readonly size: string
  readonly reason: string
  /** Of the pull of an image. */
  readonly blobs?: string
  readonly took?: string
}

const DIGEST_DIGITS = 12

/** What a line of the table says of a record. */
export function auditRow(record: AuditRecord): AuditRow {
  const { time, actor, outcome, status } = record
  const utc = new Date(time).toISOString()
  return {
    day: utc.slice(0, 10),
    time: utc.slice(11, 19),
    who: actor.name ?? (actor.kind === 'system' ? record.node : '(name withheld)'),
    action: actionOf(record),
    what: whatOf(record),
    outcome: outcome === 'success' || status === undefined ? outcome : `${outcome} ${status}`,
    client: record.client_ip ?? '',
    size: sizeOf(record),
    reason: record.reason ?? '',
  }
}

/** Where the action says it all, the kind is left out. */
function actionOf({ action, kind }: AuditRecord): string {
  return action.includes('.') || kind === 'session' || action === kind ? action : `${action} ${kind}`
}

function whatOf(record: AuditRecord): string {
  const { repository, tag, digest, file, from_seq, to_seq, count, scopes, granted } = record
  if (repository !== undefined) return `${repository}${referenceOf(tag, digest)}`
  if (count !== undefined) return `${formatCount(count)} lost, ${from_seq} to ${to_seq}`
  if (file !== undefined) return file
  if (granted !== undefined || scopes !== undefined) return (granted ?? scopes ?? []).join(' ')
  if (record.action.startsWith('cert.')) return record.host ?? ''
  return record.version ?? record.key ?? ''
}

/** What stands behind the repository: `:1.4.2`, `@9b2c1a2b3c4d`. */
export function referenceOf(tag: string | undefined, digest: string | undefined): string {
  if (tag !== undefined) return `:${tag}`
  if (digest === undefined) return ''
  const start = digest.indexOf(':') + 1
  return `@${digest.slice(start, start + DIGEST_DIGITS)}`
}

/** Of an image all that belongs to it, else what went over the line, where that is known. */
function sizeOf({ action, redirected, image_size, bytes_out, size, bytes_in }: AuditRecord): string {
  const bytes = image_size ?? (action === 'pull' ? (bytes_out ?? size) : (size ?? bytes_in))
  if (bytes !== undefined) return formatBytes(bytes)
  return redirected === true ? 'redirected' : ''
}
