import type { AuditRecord } from '../audit-fields.ts'

/** Those of the named fields that the record has. */
export function pickFields(
  record: AuditRecord,
  names: readonly (keyof AuditRecord)[],
): Record<string, unknown> {
  const picked: Record<string, unknown> = {}
  for (const name of names) {
    const value = record[name]
    if (value !== undefined) picked[name] = value
  }
  return picked
}
