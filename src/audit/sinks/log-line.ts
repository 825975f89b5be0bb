import type { AuditRecord } from '../audit-fields.ts'

/** One line of the log. */
export interface LogLine {
  readonly record: AuditRecord
  /** As it is in the file, without its newline. */
  readonly text: string
}
