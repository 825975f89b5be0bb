import type { AuditActor, AuditEvent } from '../model/audit-event.ts'
import { REQUEST_FIELDS } from './request-fields.ts'
import { SYSTEM_FIELDS } from './system-fields.ts'

/**
 * One line as it is written: the event, the schema version, the node and the line's number on that node. With
 * `audit.chain` also `prev`, the SHA-256 of the bytes of the line before, without its newline, in hex.
 */
export type AuditRecord = {
  readonly v: 1
  readonly node: string
  readonly seq: number
  readonly prev?: string | undefined
} & AuditEvent

/** A line before it is written: that gives it its number. */
export type UnnumberedRecord = Omit<AuditRecord, 'seq' | 'prev'>

/** Every field of a line, in the order of the line. Readers may rely on the order; within `v` 1 fields are only added. */
export const AUDIT_FIELDS = [...REQUEST_FIELDS, ...SYSTEM_FIELDS] as const

/** The keys of `actor`, in the order of the line. */
export const ACTOR_KEYS = [
  'name',
  'name_redacted',
  'kind',
  'via',
  'token_id',
] as const satisfies readonly (keyof AuditActor)[]

type Unlisted =
  | Exclude<keyof AuditRecord, (typeof AUDIT_FIELDS)[number]['name']>
  | Exclude<keyof AuditActor, (typeof ACTOR_KEYS)[number]>

/** Does not compile when a field of `AuditEvent` or `AuditActor` is missing above. */
const everyFieldIsListed: [Unlisted] extends [never] ? true : never = true
void everyFieldIsListed
