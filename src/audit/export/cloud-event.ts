import type { AuditRecord } from '../audit-fields.ts'

/** A CloudEvent in JSON; `data` is the whole record. */
export interface CloudEvent {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject?: string | undefined
  readonly time: string
  /** `seq` as text that sorts as the number does (the extension "sequence"). */
  readonly sequence: string
  readonly datacontenttype: 'application/json'
  readonly data: AuditRecord
}

const SEQUENCE_DIGITS = 16

/**
 * The CloudEvent of a record. `type` is `landwaiter.KIND.ACTION`, such as `landwaiter.manifest.push`, and ends in the
 * outcome unless that is `success`, so that nobody takes a denied push for one. `source` and `id` are the same when the
 * record is sent again.
 * One alone is of media type `application/cloudevents+json`, a JSON array of them of
 * `application/cloudevents-batch+json`. Spec: CloudEvents 1.0.2, JSON event format.
 */
export function cloudEventOf(record: AuditRecord): CloudEvent {
  return {
    specversion: '1.0',
    id: `${record.id}-${record.seq}`,
    source: `/landwaiter/${encodeURIComponent(record.node)}`,
    type: typeOf(record),
    subject: subjectOf(record),
    time: record.time,
    sequence: String(record.seq).padStart(SEQUENCE_DIGITS, '0'),
    datacontenttype: 'application/json',
    data: record,
  }
}

/** Actions such as `server.start` name their kind already. */
function typeOf({ action, kind, outcome }: AuditRecord): string {
  const operation = action.includes('.') ? action : `${kind}.${action}`
  return `landwaiter.${operation}${outcome === 'success' ? '' : `.${outcome}`}`
}

function subjectOf({ repository, tag, digest }: AuditRecord): string | undefined {
  if (repository === undefined) return undefined
  if (tag !== undefined) return `${repository}:${tag}`
  return digest === undefined ? repository : `${repository}@${digest}`
}
