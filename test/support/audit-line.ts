import type { AuditRecord } from '../../src/audit/audit-fields.ts'
import { formatLine } from '../../src/audit/format-line.ts'
import { numberLine } from '../../src/audit/number-line.ts'

/** A whole line with its newline, as the writer would write it. */
export function auditLine({ seq, prev, ...record }: AuditRecord): string {
  return `${numberLine(formatLine(record), seq, prev)}\n`
}
