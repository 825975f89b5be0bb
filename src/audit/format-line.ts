import type { AuditActor } from '../model/audit-event.ts'
import { ACTOR_KEYS, AUDIT_FIELDS, type AuditRecord, type UnnumberedRecord } from './audit-fields.ts'

/** Longest line in bytes, with its newline. */
export const LINE_LIMIT = 8192
/** Room for the largest number and for `,"prev":"…"`, with the newline. */
const NUMBER_ROOM = 16 + 74 + 1

/** A line whose number is not known yet: it is given when the line is written. */
export interface UnnumberedLine {
  /** Up to and with `"seq":`. */
  readonly before: string
  /** From the comma behind the number to the last brace. */
  readonly after: string
}

const KEYS = AUDIT_FIELDS.map(({ name }) => ({ name, text: `"${name}":` }))
const SEQ_AT = KEYS.findIndex(({ name }) => name === 'seq')
const KEYS_BEFORE = KEYS.slice(0, SEQ_AT)
const KEYS_AFTER = KEYS.slice(SEQ_AT + 1).filter(({ name }) => name !== 'prev')
const ACTOR = ACTOR_KEYS.map(name => ({ name, text: `"${name}":` }))
/** Printable ASCII that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/
/** What JSON leaves raw and a terminal would obey: DEL, C1 controls, line separators, bidirectional controls. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
/** Characters kept of each text when a line is too long; the last one fits whatever the texts hold. */
const LIMITS = [2048, 1024, 512, 256, 128, 32]

/**
 * One line of the audit log without its number: a JSON object with its keys in the documented order, at most 8 KiB.
 * A longer one keeps all its keys: texts end in `…`, lists in `+N more`.
 */
export function formatLine(record: UnnumberedRecord): UnnumberedLine {
  let line = stringify(record)
  for (const limit of LIMITS) {
    if (fits(line)) break
    line = stringify(shortened(record, limit))
  }
  return line
}

function fits({ before, after }: UnnumberedLine): boolean {
  const limit = LINE_LIMIT - NUMBER_ROOM
  const length = before.length + after.length
  return length * 3 <= limit || Buffer.byteLength(before) + Buffer.byteLength(after) <= limit
}

function stringify(record: UnnumberedRecord): UnnumberedLine {
  return {
    before: `{${members(record, KEYS_BEFORE).slice(1)},"seq":`,
    after: `${members(record, KEYS_AFTER)}}`,
  }
}

/** Each with a comma before it. */
function members(record: UnnumberedRecord, keys: typeof KEYS): string {
  let text = ''
  for (const { name, text: key } of keys) {
    const value = name === 'actor' ? undefined : (record as AuditRecord)[name]
    if (value !== undefined) text += `,${key}${json(value)}`
    else if (name === 'actor') text += `,${key}${stringifyActor(record.actor)}`
  }
  return text
}

function stringifyActor(actor: AuditActor): string {
  let object = ''
  for (const { name, text } of ACTOR) {
    const value = actor[name]
    if (value !== undefined) object += `${object === '' ? '{' : ','}${text}${json(value)}`
  }
  return `${object}}`
}

/** Nearly every text is plain, and `JSON.stringify` and the search for what is unsafe cost more than to see that. */
function json(value: string | number | true | readonly string[]): string {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'string' && PLAIN.test(value)) return `"${value}"`
  return JSON.stringify(value).replace(UNSAFE, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function shortened(record: UnnumberedRecord, limit: number): UnnumberedRecord {
  return { ...shortenedFields(record, limit), actor: shortenedFields(record.actor, limit) }
}

function shortenedFields<T extends object>(fields: T, limit: number): T {
  const entries = Object.entries(fields).map(([key, value]) => [key, shortenedValue(value, limit)])
  return Object.fromEntries(entries) as T
}

function shortenedValue(value: unknown, limit: number): unknown {
  if (typeof value === 'string') return cutText(value, limit)
  return Array.isArray(value) ? cutList(value, limit) : value
}

function cutText(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`
}

/** As many elements as fit into twice the limit, then how many were left out. */
function cutList(list: readonly string[], limit: number): readonly string[] {
  const kept: string[] = []
  let room = 2 * limit
  for (const element of list) {
    const text = cutText(element, limit)
    room -= text.length + 3
    if (room < 0) break
    kept.push(text)
  }
  const left = list.length - kept.length
  return left === 0 ? kept : [...kept, `+${left} more`]
}
