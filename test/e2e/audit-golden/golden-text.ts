import type { AuditRecord } from '../../../src/audit/audit-fields.ts'
import { AUDIT_ACTIONS, AUDIT_KINDS, AUDIT_OUTCOMES } from '../../../src/model/audit-event.ts'
import type { Shown } from './scene.ts'

/** What a digest or another text that differs each time is called, by that text. */
export type Names = ReadonlyMap<string, string>

const HEAD = `# One line of each action, kind and outcome, as landwaiter wrote it when real clients did what stands above it.
# <…> stands for what differs each time; all else is as it was written.
`

/** Fields that say when and where, and what stands for them. */
const PLACEHOLDERS: Readonly<Partial<Record<keyof AuditRecord, string>>> = {
  time: '<time>',
  seq: '<number>',
  id: '<ULID>',
  duration_ms: '<ms>',
  serial: '<serial>',
  version: '<version>',
  pid: '<number>',
  config: '<16 hex>',
  from_seq: '<number>',
  to_seq: '<number>',
  count: '<number>',
  key: '<16 hex>',
  signature: '<base64url>',
  prev: '<SHA-256 of the line before>',
}

const TIME = /\d{4}-\d\d-\d\dT\d\d[:-]\d\d[:-]\d\d(?:\.\d+)?Z?/g
const DIRECTORY = /(?:\/[\w.-]+)*\/lw-\w+/g
const PORT = /(localhost[:_])\d+/g
const OF_AUTHORITY = /(https:\/\/localhost:<port>)\/[\w/-]+/g
const SHORT_DIGEST = 'sha256:'.length + 12
const NUMBER = /"(seq|duration_ms|bytes_in|bytes_out|pid|from_seq|to_seq|count)":"(<[^"]*>)"/g

/** The file: lines by action, kind and outcome, each under what made it. */
export function goldenText(shown: readonly Shown[], names: Names): string {
  const sorted = shown.toSorted((one, other) => rankOf(one) - rankOf(other))
  const given = shown.find(({ line }) => line.action === 'token' && line.outcome === 'success')
  const text = (one: Shown) =>
    goldenLine(one.line, isSameToken(one, given) ? '<the token>' : '<token>', names)
  return HEAD + sorted.map(one => `\n# ${one.title}\n${text(one)}\n`).join('')
}

/** In other scenes a token is the same one or not by how long ago it was given out. */
function isSameToken({ title, line }: Shown, given: Shown | undefined): boolean {
  return title === given?.title && line.actor.token_id === given.line.actor.token_id
}

function rankOf({ line }: Shown): number {
  const places = [
    AUDIT_ACTIONS.indexOf(line.action),
    AUDIT_KINDS.indexOf(line.kind),
    AUDIT_OUTCOMES.indexOf(line.outcome),
  ]
  return places.reduce((rank, place) => rank * 100 + place, 0)
}

function goldenLine(line: AuditRecord, token: string, names: Names): string {
  const text = JSON.stringify({
    ...line,
    actor: { ...line.actor, ...(line.actor.token_id === undefined ? {} : { token_id: token }) },
    ...Object.fromEntries(Object.entries(PLACEHOLDERS).filter(([field]) => field in line)),
    ...(line.outcome === 'aborted' ? transferred(line) : {}),
  })
  return [...names]
    .reduce((known, [value, name]) => named(known, value, name), text)
    .replace(TIME, '<time>')
    .replace(DIRECTORY, '<directory>')
    .replace(PORT, '$1<port>')
    .replace(OF_AUTHORITY, '$1/<path>')
    .replace(/\/uploads\/[^/"]+/g, '/uploads/<upload>')
    .replace(/"(user_agent|product)":"[^"]*"/g, withoutVersions)
    .replace(NUMBER, '"$1":$2')
}

/** A digest also stands shortened, to be read. */
function named(text: string, value: string, name: string): string {
  return text.replaceAll(value, name).replaceAll(value.slice(0, SHORT_DIGEST), name)
}

/** How far a transfer came before it was cut. */
function transferred(line: AuditRecord): object {
  const fields = (['bytes_in', 'bytes_out'] as const).filter(field => field in line)
  return Object.fromEntries(fields.map(field => [field, '<bytes>']))
}

function withoutVersions(field: string): string {
  return field.replace(/\d+\.\d[\w.+~-]*/g, '<version>')
}
