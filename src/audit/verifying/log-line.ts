import type { AuditRecord } from '../audit-fields.ts'
import { lineHash } from '../line-hash.ts'
import { parseRecord } from '../reading/parse-record.ts'

/** Where something stands: base name of the file, and the line in it from 1. */
export interface Place {
  readonly file: string
  readonly line: number
}

/** A line of the log, as far as its place in the log is concerned. */
export interface LogLine {
  readonly kind: 'line'
  readonly place: Place
  readonly bytes: Buffer
  readonly seq: number
  /** First number that the line accounts for: lower than `seq` when an `audit.gap` declares what is lost. */
  readonly from: number
  /** As it is written, with its escapes. */
  readonly node: string
  readonly action: string
  /** Absent when the line is not chained. */
  readonly prev: string | undefined
  /** What `prev` of the next line must be. */
  readonly hash: string
  /** Of the lines that the log writes of itself, and of those that are not chained. */
  readonly record: AuditRecord | undefined
}

/** What stands in a file of the log and is no line of it. */
export interface StrangeLine {
  readonly kind: 'strange'
  readonly place: Place
  /** What it lacks, as the rest of a sentence about it. */
  readonly reason: string
  readonly hash: string | undefined
}

export type LogItem = LogLine | StrangeLine

/** The beginning of every line: fixed keys in a fixed order, so no text of a client can stand in front of them. */
const BEGINNING =
  /^\{"v":1,"time":"([^"]{24})","node":"((?:[^"\\]|\\.)*)","seq":([1-9]\d{0,15}),"id":"[^"]*","action":"([^"]*)"/
/** Enough for the beginning with a short node; longer ones are looked at whole. */
const BEGINNING_BYTES = 224
const PREV_KEY = ',"prev":"'
const HASH_CHARS = 64
const PREV_CHARS = PREV_KEY.length + HASH_CHARS + '"}'.length

/**
 * Reads one line, without its newline. What a chained line holds beyond its place is not parsed: the hash in the line
 * after it proves every byte to be as the server wrote it. Lines of the log about itself and lines that are not chained
 * are parsed whole.
 */
export function readLogLine(bytes: Buffer, place: Place): LogItem {
  const found =
    BEGINNING.exec(bytes.toString('latin1', 0, BEGINNING_BYTES)) ??
    (bytes.length > BEGINNING_BYTES ? BEGINNING.exec(bytes.toString('latin1')) : null)
  const [, , node, seqText, action] = found ?? []
  const seq = Number(seqText)
  if (node === undefined || action === undefined || !Number.isSafeInteger(seq)) return strange(bytes, place)
  const prev = prevOf(bytes)
  const line = {
    kind: 'line',
    place,
    bytes,
    seq,
    from: seq,
    node,
    action,
    prev,
    hash: lineHash(bytes),
  } as const
  const isPlain = prev !== undefined && !action.startsWith('audit.')
  return isPlain ? { ...line, record: undefined } : parsed(line)
}

/** The line when it is a whole record, else what is wrong with it. */
export function proven(line: LogLine): LogItem {
  return line.record === undefined ? parsed(line) : line
}

/** When the line was written, RFC 3339. */
export function timeOf(line: LogLine): string {
  return line.bytes.toString('latin1', TIME_START, TIME_END)
}

const TIME_START = '{"v":1,"time":"'.length
const TIME_END = TIME_START + '2026-11-24T16:06:00.123Z'.length

function parsed(line: Omit<LogLine, 'record'>): LogItem {
  const result = parseRecord(line.bytes)
  if (result.outcome === 'broken') {
    return { kind: 'strange', place: line.place, reason: result.reason, hash: line.hash }
  }
  const { record } = result
  if (record.seq !== line.seq) {
    return { kind: 'strange', place: line.place, reason: 'it has two numbers', hash: line.hash }
  }
  return { ...line, from: firstNumberOf(record), record }
}

function firstNumberOf({ action, seq, from_seq: from, to_seq: to }: AuditRecord): number {
  const isDeclared = action === 'audit.gap' && from !== undefined && from < seq && to === seq - 1
  return isDeclared ? from : seq
}

function prevOf(bytes: Buffer): string | undefined {
  const end = bytes.toString('latin1', Math.max(0, bytes.length - PREV_CHARS))
  if (!end.startsWith(PREV_KEY) || !end.endsWith('"}')) return undefined
  return end.slice(PREV_KEY.length, PREV_KEY.length + HASH_CHARS)
}

function strange(bytes: Buffer, place: Place): StrangeLine {
  const result = parseRecord(bytes)
  const reason = result.outcome === 'broken' ? result.reason : 'its fields are not in their order'
  return { kind: 'strange', place, reason, hash: lineHash(bytes) }
}
