import { AUDIT_FIELDS } from './audit-fields.ts'

/** The Markdown table of a line's fields that the README shows. */
export function auditReference(): string {
  const rows = AUDIT_FIELDS.map(({ name, type, example, meaning }) =>
    [`\`${name}\``, type, `\`${example}\``, meaning].map(cell => cell.replaceAll('|', '\\|')).join(' | '),
  )
  return [
    '| Field | Type | Example | Meaning |',
    '| --- | --- | --- | --- |',
    ...rows.map(row => `| ${row} |`),
  ].join('\n')
}
