import { ACTOR_KEYS, AUDIT_FIELDS, type AuditRecord } from '../audit-fields.ts'

type Value = string | number | boolean | readonly string[] | undefined

interface Column {
  readonly name: string
  readonly pick: (record: AuditRecord) => Value
}

const COLUMNS: readonly Column[] = AUDIT_FIELDS.flatMap(({ name }) =>
  name === 'actor' ? ACTOR_KEYS.map(actorColumn) : [{ name, pick: (record: AuditRecord) => record[name] }],
)
/** A spreadsheet takes a cell that begins so for a formula. */
const FORMULA = /^[=+\-@\t\r]/
const QUOTED = /[",\r\n]/

/** The names of the columns: those of the fields, `actor` apart. Spec: RFC 4180. */
export const CSV_HEADER = `${COLUMNS.map(({ name }) => name).join(',')}\r\n`

/**
 * A record as a row of CSV with its line end; lists are joined by spaces. A text that a spreadsheet would run has a `'`
 * in front. Spec: RFC 4180.
 */
export function csvRowOf(record: AuditRecord): string {
  return `${COLUMNS.map(({ pick }) => cellOf(pick(record))).join(',')}\r\n`
}

function actorColumn(key: (typeof ACTOR_KEYS)[number]): Column {
  return { name: `actor_${key}`, pick: ({ actor }) => actor[key] }
}

function cellOf(value: Value): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = Array.isArray(value) ? value.join(' ') : String(value)
  const safe = FORMULA.test(text) ? `'${text}` : text
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
