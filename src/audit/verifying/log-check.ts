import { NO_LINE_BEFORE } from '../number-line.ts'
import type { CheckpointKeys } from './checkpoint-keys.ts'
import { createFaultList, describeSpot, type FaultList, type OpenFault, spotOf } from './fault-list.ts'
import { createLineNotes, type Notes } from './line-notes.ts'
import type { LogHead } from './log-head.ts'
import { type LogItem, type LogLine, proven, timeOf } from './log-line.ts'
import { createOrderCheck, type LogEnd } from './order-check.ts'
import { proofWarnings } from './proof-warnings.ts'
import type { LineMark, Verification } from './verification.ts'

/** A log that is older than that has a head, or had one. */
const HEADLESS_MS = 10_000

export interface CheckOptions {
  /** `undefined` when signatures are not looked at. */
  readonly keys: CheckpointKeys | undefined
  /** `undefined` when the end of the log is not held against anything. */
  readonly head: LogHead | undefined
  /** There should be a head, and there is none. */
  readonly isHeadMissing?: boolean | undefined
  /** Already found, apart from the lines. */
  readonly fault?: OpenFault | undefined
}

/** Checks a log line by line. */
export interface LogCheck {
  /** The next item, in the order of the log. */
  push(item: LogItem): void
  /** Nothing comes any more. */
  end(): Omit<Verification, 'files'>
}

interface State extends CheckOptions {
  readonly faults: FaultList
  lines: number
  /** The line that the head tells of, when it was found and is another. */
  headLine: LogLine | undefined
  isHeadFound: boolean
  /** Whether the line that the head tells of is chained; `undefined` while it was not met. */
  isHeadChained: boolean | undefined
  /** What the server did last. */
  lastAction: string | undefined
  /** The server had stopped when it wrote the head, so its next line must tell of a start. */
  isStartDue: boolean
}

/** A check that knows nothing yet. Its memory does not grow with the log. */
export function createLogCheck(options: CheckOptions): LogCheck {
  const { keys, head, fault } = options
  const faults = createFaultList()
  if (fault !== undefined) faults.add(fault)
  const state: State = {
    ...options,
    faults,
    lines: 0,
    headLine: undefined,
    isHeadFound: false,
    isHeadChained: undefined,
    lastAction: undefined,
    isStartDue: false,
  }
  const notes = createLineNotes({ faults, keys })
  const known = head?.hash === undefined ? undefined : { seq: head.seq, hash: head.hash }
  const onLine = (line: LogLine, before: LogLine | undefined) => {
    notes.note(line, before)
    checkStart(state, line)
  }
  const order = createOrderCheck({ faults, head: known, onLine })
  return {
    push: item => {
      state.lines += 1
      notes.enter(item.place.file)
      if (item.kind === 'line' && item.seq === head?.seq) meetHead(state, item)
      order.push(item)
    },
    end: () => {
      const end = order.end()
      checkLastLine(state, end)
      const noted = notes.result()
      checkBeginning(state, noted, end)
      checkSigned(state, end)
      checkProof(state, noted, end)
      checkHead(state, end)
      return resultOf(state, noted, end)
    },
  }
}

function meetHead(state: State, line: LogLine): void {
  const { hash } = state.head ?? {}
  state.isHeadChained = line.prev !== undefined
  if (hash === undefined || hash === line.hash) state.isHeadFound = true
  else state.headLine = line
}

/** Behind a log that ended as it should, somebody may have put lines that link well; but the server starts first. */
function checkStart(state: State, line: LogLine): void {
  const { head, faults } = state
  const isOwn = line.action.startsWith('audit.')
  if (!isOwn && state.isStartDue) {
    state.isStartDue = false
    if (line.action !== 'server.start') {
      faults.add({ kind: 'inserted', spot: spotOf(line), says: PUT_BEHIND })
    }
  }
  if (!isOwn) state.lastAction = line.action
  if (line.seq === head?.seq) state.isStartDue = state.lastAction === 'server.stop'
}

const PUT_BEHIND =
  'stands behind the end that the server had left, without a start in between: the line was put in'

/** No line behind proves it, so at least it must be a whole record. */
function checkLastLine({ faults }: State, { tip }: LogEnd): void {
  if (tip === undefined) return
  const item = proven(tip)
  if (item.kind === 'strange') {
    faults.add({ kind: 'strange', spot: spotOf(tip), says: `is no line of this log: ${item.reason}` })
  }
}

function checkBeginning({ faults }: State, { first, prunedTo }: Notes, { isBeginningTold }: LogEnd): void {
  if (first === undefined || isBeginningTold) return
  const spot = spotOf(first)
  if (first.from === 1) {
    if (first.prev === undefined || first.prev === NO_LINE_BEFORE) return
    const says =
      'is the first line, but its prev is not 64 zeros: it was changed, or lines before it were removed'
    faults.add({ kind: 'beginning', spot, says })
    return
  }
  if (prunedTo !== undefined && prunedTo >= first.from - 1) return
  const told =
    prunedTo === undefined
      ? 'nothing tells of the lines before'
      : `audit.prune tells of the lines up to seq ${prunedTo} only`
  faults.add({ kind: 'beginning', spot, says: `is where the log begins, and ${told}` })
}

/** Whoever changes the head could take its signature off. */
function checkSigned({ head, faults, isHeadChained }: State, { tip }: LogEnd): void {
  if (head === undefined || head.isSigned) return
  const isChained = isHeadChained ?? tip?.prev !== undefined
  if (!isChained) return
  faults.add({ kind: 'head', spot: {}, says: 'is chained, but its head file is not signed: it was changed' })
}

/** Whoever takes the head away could take the checkpoints out, too, and link the lines anew. */
function checkProof(state: State, { first, checkpoints }: Notes, { tip }: LogEnd): void {
  const { keys, isHeadMissing, faults } = state
  if (isHeadMissing !== true || keys === undefined || checkpoints.length > 0) return
  if (first === undefined || tip?.prev === undefined) return
  if (Date.parse(timeOf(tip)) - Date.parse(timeOf(first)) <= HEADLESS_MS) return
  const says = 'is chained, but neither a checkpoint nor a head file signs any of it'
  faults.add({ kind: 'signature', spot: {}, says })
}

function checkHead({ head, faults, headLine, isHeadFound }: State, { tip, stray }: LogEnd): void {
  if (head === undefined || isHeadFound) return
  if (headLine !== undefined) {
    const says = `was changed: its SHA-256 is ${headLine.hash.slice(0, 12)}…, but the head file says ${head.hash?.slice(0, 12)}…`
    faults.add({ kind: 'changed', spot: spotOf(headLine), says })
    return
  }
  const last = tip?.seq ?? 0
  if (head.seq <= last) return
  if (stray !== undefined) {
    stray.says += `, at the end of a log that the head file knows until seq ${head.seq}`
    return
  }
  const ends = tip === undefined ? 'holds no line' : `ends with ${describeSpot(spotOf(tip))}`
  const says = `${ends}, but the head file knows seq ${head.seq} of ${head.time}: the last ${head.seq - last} lines were cut off`
  faults.add({ kind: 'cut', spot: {}, says })
}

function resultOf(state: State, notes: Notes, { tip }: LogEnd): Omit<Verification, 'files'> {
  const { head, faults, lines } = state
  const { first, warnings, ...noted } = notes
  return {
    ...noted,
    lines,
    first: markOf(first),
    last: markOf(tip),
    head: head === undefined ? undefined : { seq: head.seq, time: head.time },
    warnings: [...warnings, ...proofWarnings({ keys: state.keys, head, notes, tip })],
    faults: faults.shown(),
    faultCount: faults.count(),
  }
}

function markOf(line: LogLine | undefined): LineMark | undefined {
  return line === undefined ? undefined : { seq: line.seq, time: timeOf(line) }
}
