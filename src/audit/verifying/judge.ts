import type { FaultKind } from './fault.ts'
import type { LogItem, LogLine } from './log-line.ts'

/** Items that are looked at together when one does not follow: enough to tell a change from a loss or a swap. */
export const WINDOW = 2

/** What is known beside the lines. */
export interface Known {
  /** A line of which the head file proves how it must be. */
  readonly head: { readonly seq: number; readonly hash: string } | undefined
}

/** What is wrong at the beginning of a window, and where to go on. */
export interface Verdict {
  readonly fault?: { readonly kind: FaultKind; readonly at: LogItem; readonly says: string } | undefined
  /** Items that are done with; 0 when a run of items that do not belong here begins. */
  readonly take: number
  /** Those of them that stand where they belong, in the order of their numbers. */
  readonly accepted: readonly LogLine[]
  /** The place in the log from which it goes on when no accepted line is it. */
  readonly tip?: LogLine
  /** The number of the line that the faulty one stands in place of. */
  readonly inPlaceOf?: number
  /** A run of items that do not belong here begins. */
  readonly run?: 'strange' | 'node' | 'back'
}

interface Case extends Known {
  readonly tip: LogLine
  readonly line: LogLine
  readonly next: LogItem | undefined
}

type Rule = (found: Case) => Verdict | undefined

/** The item when it is the line after `tip`: by its number, by its hash where it is chained, and of the same node. */
export function following(tip: LogLine, item: LogItem | undefined): LogLine | undefined {
  if (item?.kind !== 'line' || item.from !== tip.seq + 1 || item.node !== tip.node) return undefined
  return isUnlinked(tip, item) ? undefined : item
}

/**
 * Says what is wrong when the first item of `window` does not follow `tip`, by the items behind it: one change gives one
 * fault. Never throws.
 */
export function judge(tip: LogLine, window: readonly LogItem[], { head }: Known): Verdict {
  const [line, next] = window
  if (line === undefined) throw new TypeError('there is nothing to judge')
  if (line.kind === 'strange') return { take: 0, accepted: [], run: 'strange' }
  const found = { tip, line, next, head }
  for (const rule of RULES) {
    const verdict = rule(found)
    if (verdict !== undefined) return verdict
  }
  return lost(found)
}

const RULES: readonly Rule[] = [
  twice,
  renumbered,
  ofAnotherNode,
  misdeclared,
  unlinkedNeighbour,
  swapped,
  inBetween,
  inPlaceOfAnother,
  back,
]

/** A chained line whose `prev` is another than the hash of `tip`. */
function isUnlinked(tip: LogLine, line: LogLine): boolean {
  return line.prev !== undefined && line.prev !== tip.hash
}

function isLinked(tip: LogLine, line: LogItem | undefined): boolean {
  return line?.kind === 'line' && line.prev === tip.hash
}

function fault(kind: FaultKind, at: LogItem, says: string): NonNullable<Verdict['fault']> {
  return { kind, at, says }
}

function twice({ tip, line }: Case): Verdict | undefined {
  if (line.hash !== tip.hash) return undefined
  return { fault: fault('repeated', line, 'is the line before it once more'), take: 1, accepted: [], tip }
}

/** It links to the line before and has another number or node: its own text was changed, unless the next line proves it. */
function renumbered({ tip, line, next, head }: Case): Verdict | undefined {
  if (!isLinked(tip, line) || following(tip, line) !== undefined || isLinked(line, next)) return undefined
  const due = tip.seq + 1
  const numbers = [due, line.seq, (line.record?.to_seq ?? tip.seq) + 1]
  const what = line.seq === due ? 'it is not of the node of the lines around it' : `seq ${due} is due here`
  const at = fault('changed', line, `was changed: it links to the line before it, but ${what}`)
  if (next?.kind === 'line' && next.node === tip.node && numbers.includes(next.from - 1)) {
    return { fault: at, take: 2, accepted: [next] }
  }
  const seq = head !== undefined && numbers.includes(head.seq) ? head.seq : due
  return { fault: at, take: 1, accepted: [], tip: { ...line, seq, node: tip.node } }
}

function ofAnotherNode({ tip, line }: Case): Verdict | undefined {
  if (line.node === tip.node) return undefined
  const isRenamed = line.from === tip.seq + 1 && (line.prev === tip.hash || line.action === 'server.start')
  if (isRenamed && !isUnlinked(tip, line)) return { take: 1, accepted: [line] }
  return { take: 0, accepted: [], run: 'node' }
}

/** The chain holds, so the server wrote it like that: numbers that jump without an `audit.gap` that tells of them. */
function misdeclared({ tip, line }: Case): Verdict | undefined {
  if (!isLinked(tip, line)) return undefined
  const says =
    line.action === 'audit.gap'
      ? `declares other lines to be lost than those between seq ${tip.seq} and ${line.seq}`
      : `has a number that does not follow seq ${tip.seq}, and no audit.gap tells why`
  return { fault: fault('numbering', line, says), take: 1, accepted: [line] }
}

/** The number is right, the hash is not: one of the two lines was changed, and the line behind tells which. */
function unlinkedNeighbour({ tip, line, next, head }: Case): Verdict | undefined {
  if (line.from !== tip.seq + 1) return undefined
  const after = following(tip, next)
  if (after !== undefined) return { fault: fault('inserted', line, PUT_IN), take: 2, accepted: [after] }
  if (next === undefined) return lastLine({ tip, line, next, head })
  if (next.kind === 'line' && next.from === line.seq + 1 && isUnlinked(line, next)) {
    return { fault: fault('changed', line, CHANGED_BOTH), take: 2, accepted: [next] }
  }
  if (isProven(tip, head))
    return { fault: fault('unlinked', line, unlinked(tip, line)), take: 1, accepted: [line] }
  return { fault: fault('changed', tip, changed(tip, line)), take: 1, accepted: [line] }
}

/** Nothing comes behind it, so only the head file can tell which of the two it was. */
function lastLine({ tip, line, head }: Case): Verdict {
  if (isProven(tip, head)) return { fault: fault('inserted', line, PUT_IN), take: 1, accepted: [line] }
  if (isProven(line, head))
    return { fault: fault('changed', tip, changed(tip, line)), take: 1, accepted: [line] }
  return { fault: fault('unlinked', line, unlinked(tip, line)), take: 1, accepted: [line] }
}

function isProven(line: LogLine, head: Known['head']): boolean {
  return head?.seq === line.seq && head.hash === line.hash
}

function swapped({ tip, line, next }: Case): Verdict | undefined {
  const first = following(tip, next)
  if (first === undefined || line.from !== first.seq + 1 || isUnlinked(first, line)) return undefined
  const says = `stands in front of seq ${first.seq}: the two lines were swapped`
  return { fault: fault('swapped', line, says), take: 2, accepted: [first, line] }
}

/** The line behind follows the line before. */
function inBetween({ tip, line, next }: Case): Verdict | undefined {
  const after = following(tip, next)
  if (after === undefined) return undefined
  const where = tip.seq === 0 ? 'in front of the first line' : `between seq ${tip.seq} and ${after.seq}`
  const says = `does not belong ${where}: it was moved, copied or put in here`
  return { fault: fault('misplaced', line, says), take: 2, accepted: [after] }
}

function inPlaceOfAnother({ tip, line, next }: Case): Verdict | undefined {
  const due = tip.seq + 1
  if (next?.kind !== 'line' || next.from !== due + 1 || next.node !== tip.node) return undefined
  if (next.from === line.seq + 1 || isLinked(line, next)) return undefined
  const says = `stands where seq ${due} belongs: the line was replaced`
  return { fault: fault('misplaced', line, says), take: 2, accepted: [next], inPlaceOf: due }
}

function back({ tip, line }: Case): Verdict | undefined {
  return line.seq > tip.seq ? undefined : { take: 0, accepted: [], run: 'back' }
}

function lost({ tip, line }: Case): Verdict {
  const [from, to] = [tip.seq + 1, (line.from > tip.seq ? line.from : line.seq) - 1]
  const which =
    from === to ? `seq ${from} is missing` : `seq ${from} to ${to} (${to - from + 1} lines) are missing`
  const file = line.record?.action === 'audit.rotate' ? line.record.file : undefined
  const isOtherFile = line.place.file !== tip.place.file && file !== undefined
  const where = isOtherFile ? `; the file before it was ${file}` : ''
  return {
    fault: fault('missing', line, `does not follow seq ${tip.seq}: ${which} between${where}`),
    take: 1,
    accepted: [line],
  }
}

const PUT_IN = 'does not link to the line before it, which is proven: the line was put in or changed here'
const CHANGED_BOTH = 'was changed: it does not link to the line before it, nor the line behind to it'

function changed(tip: LogLine, line: LogLine): string {
  return `was changed: its SHA-256 is ${short(tip.hash)}, but the line behind it says ${short(line.prev ?? '')}`
}

function unlinked(tip: LogLine, line: LogLine): string {
  return `does not follow the line before it: its prev is ${short(line.prev ?? '')}, not ${short(tip.hash)}; one of the two was changed or put in`
}

/** Enough of a hash to tell it from others. */
function short(hash: string): string {
  return `${hash.slice(0, 12)}…`
}
