import { asJsonObject, parseJsonText } from '../../oci/json-object.ts'
import { ACTOR_KEYS, AUDIT_FIELDS, type AuditRecord } from '../audit-fields.ts'

/** What a line holds, or why it is no record. */
export type ParsedLine =
  | { readonly outcome: 'record'; readonly record: AuditRecord }
  | { readonly outcome: 'broken'; readonly reason: string }

const SCHEMA_VERSION = 1
const REQUIRED = ['time', 'node', 'seq', 'id', 'action', 'kind', 'outcome', 'actor'] as const
const TYPES: ReadonlyMap<string, string> = new Map(AUDIT_FIELDS.map(({ name, type }) => [name, type]))
const NAMES_OF_ACTOR: ReadonlySet<string> = new Set(ACTOR_KEYS)

/**
 * The record of one line, without its newline. Every field that we know has its type; fields that a newer version added
 * are kept as they are, and so are actions, kinds and outcomes that we do not know. Never throws.
 */
export function parseRecord(line: Buffer | string): ParsedLine {
  if (line.length === 0) return broken('it is empty')
  const value = parseJsonText(typeof line === 'string' ? line : line.toString('utf8'))
  if (value === undefined) return broken('it is no JSON object')
  const fault = faultOf(value)
  return fault === undefined ? { outcome: 'record', record: value as unknown as AuditRecord } : broken(fault)
}

function broken(reason: string): ParsedLine {
  return { outcome: 'broken', reason }
}

function faultOf(record: Readonly<Record<string, unknown>>): string | undefined {
  if (record['v'] !== SCHEMA_VERSION) {
    return 'v' in record ? `it is of another schema than version ${SCHEMA_VERSION}` : 'it has no v'
  }
  const missing = REQUIRED.find(name => record[name] === undefined)
  if (missing !== undefined) return `it has no ${missing}`
  for (const name in record) {
    const type = TYPES.get(name)
    if (type !== undefined && !isOfType(record[name], type)) return `its ${name} is no ${type}`
  }
  return Number.isNaN(Date.parse(String(record['time']))) ? 'its time is none' : faultOfActor(record['actor'])
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string'
    case 'integer':
      return Number.isSafeInteger(value)
    case 'number':
      return typeof value === 'number'
    case 'true':
      return value === true
    case 'object':
      return asJsonObject(value) !== undefined
    default:
      return Array.isArray(value) && value.every(element => typeof element === 'string')
  }
}

function faultOfActor(actor: unknown): string | undefined {
  for (const [name, value] of Object.entries(actor as object)) {
    if (!NAMES_OF_ACTOR.has(name)) continue
    if (name === 'name_redacted' ? value !== true : typeof value !== 'string')
      return `its actor.${name} is no text`
  }
  return undefined
}
