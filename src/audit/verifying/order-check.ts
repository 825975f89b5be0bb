import { NO_LINE_BEFORE } from '../number-line.ts'
import { type FaultList, type OpenFault, spotOf } from './fault-list.ts'
import { following, judge, type Known, type Verdict, WINDOW } from './judge.ts'
import { type LogItem, type LogLine, proven } from './log-line.ts'
import { isProofAgainst, isStart } from './log-start.ts'
import { createStrayRun, type StrayRun } from './stray-run.ts'

/** Pairs of exchanged lines, and of gaps, that are kept track of. */
const KEPT = 100

/** What the check tells of while it goes on. */
export interface OrderOptions extends Known {
  readonly faults: FaultList
  /** Told of each line that stands where it belongs, in the order of the log; `before` is absent for the first. */
  readonly onLine: (line: LogLine, before: LogLine | undefined) => void
}

/** Checks that each line follows the one before. */
export interface OrderCheck {
  push(item: LogItem): void
  /** Nothing comes any more. Returns the place where the log ends. */
  end(): LogEnd
}

export interface LogEnd {
  readonly tip: LogLine | undefined
  /** Told of what stands behind the tip and does not belong there. */
  readonly stray: OpenFault | undefined
  /** What is wrong with the beginning of the log is told already. */
  readonly isBeginningTold: boolean
}

interface State extends OrderOptions {
  tip: LogLine | undefined
  /** What stands for the line before the first, when that is known. */
  origin: LogLine | undefined
  window: LogItem[]
  run: StrayRun | undefined
  /** The run goes on until something follows the tip; it is over, but next to the tip still, when false. */
  isInRun: boolean
  isBeginningTold: boolean
  /** By the two numbers. */
  readonly exchanges: Map<string, OpenFault>
  /** Where lines are missing, by the `prev` of the first of them. */
  readonly holes: Map<string, OpenFault>
}

/** Begins before the first line. Keeps a few lines at a time, however long the log is. */
export function createOrderCheck(options: OrderOptions): OrderCheck {
  const state: State = {
    ...options,
    tip: undefined,
    origin: undefined,
    window: [],
    run: undefined,
    isInRun: false,
    isBeginningTold: false,
    exchanges: new Map(),
    holes: new Map(),
  }
  return {
    push: item => push(state, item),
    end: () => {
      while (state.window.length > 0) settle(state)
      const { tip, run, isBeginningTold, origin } = state
      return {
        tip: tip === origin ? undefined : tip,
        stray: run?.fault,
        isBeginningTold: isBeginningTold || origin !== undefined,
      }
    },
  }
}

function push(state: State, item: LogItem): void {
  const { tip, window } = state
  const next = window.length > 0 || state.isInRun || tip === undefined ? undefined : following(tip, item)
  if (next !== undefined) {
    accept(state, next)
    return
  }
  window.push(item.kind === 'line' ? proven(item) : item)
  while (window.length >= WINDOW || isNext(state)) settle(state)
}

/** Whether the window can go on without looking further. */
function isNext({ tip, window }: State): boolean {
  return tip !== undefined && following(tip, window[0]) !== undefined
}

/** Takes at least one item from the window. */
function settle(state: State): void {
  const { tip, window } = state
  const [item] = window
  if (item === undefined) return
  const next = tip === undefined ? undefined : following(tip, item)
  if (tip === undefined) begin(state, item)
  else if (next !== undefined) {
    state.isInRun = false
    accept(state, next)
    window.shift()
  } else if (state.isInRun && isPartOfRun(state, item)) extendRun(state)
  else if (state.isInRun && isOtherNodeFromHere(state, item)) goOver(state)
  else {
    state.isInRun = false
    apply(state, judge(tip, window, state))
  }
}

function begin(state: State, item: LogItem): void {
  if (item.kind === 'strange') {
    state.isBeginningTold = true
    if (state.run === undefined) startRun(state, 'strange')
    else extendRun(state)
    return
  }
  const [, next] = state.window
  state.isInRun = false
  const start = [item, next].find(isStart)
  if (start !== undefined) {
    state.tip = { ...start, seq: 0, from: 0, hash: NO_LINE_BEFORE }
    state.origin = state.tip
    return
  }
  if (isProofAgainst(item, next)) {
    // The second line tells what the first one was.
    const says = 'was changed: the line behind it does not follow it'
    state.faults.add({ kind: 'changed', spot: spotOf(item), says })
    state.onLine({ ...item, seq: next.seq - 1, from: next.seq - 1, node: next.node }, undefined)
    state.tip = { ...item, seq: next.seq - 1, node: next.node, hash: next.prev ?? item.hash }
  } else accept(state, item)
  state.window.shift()
}

function accept(state: State, line: LogLine): void {
  state.onLine(line, state.tip === state.origin ? undefined : state.tip)
  state.tip = line
  state.run = undefined
}

function apply(state: State, verdict: Verdict): void {
  if (verdict.run !== undefined) {
    startRun(state, verdict.run)
    return
  }
  const { fault } = verdict
  if (fault !== undefined && !isExplained(state, fault)) {
    const open = { kind: fault.kind, spot: spotOf(fault.at), says: fault.says }
    if (!isExchange(state, verdict, open)) state.faults.add(open)
    keepHole(state, open)
  }
  state.window.splice(0, verdict.take)
  for (const line of verdict.accepted) accept(state, line)
  if (verdict.tip !== undefined) state.tip = verdict.tip
}

/** Whether what stood in between is why the line does not follow. */
function isExplained({ run, tip }: State, { kind, at }: NonNullable<Verdict['fault']>): boolean {
  if (run === undefined || tip === undefined || at.kind !== 'line') return false
  if (kind === 'missing') {
    run.replaces(tip.seq + 1, at.from - 1)
    return true
  }
  return at.prev !== undefined && at.prev === run.last().hash
}

function keepHole({ tip, holes }: State, fault: OpenFault): void {
  if (fault.kind === 'missing' && tip !== undefined && holes.size < KEPT) holes.set(tip.hash, fault)
}

/** Two lines that stand in each other's place are one fault. */
function isExchange({ exchanges }: State, { fault, inPlaceOf }: Verdict, open: OpenFault): boolean {
  if (fault?.at.kind !== 'line' || inPlaceOf === undefined) return false
  const { seq, place } = fault.at
  const first = exchanges.get(`${inPlaceOf} ${seq}`)
  if (first === undefined) {
    if (exchanges.size < KEPT) exchanges.set(`${seq} ${inPlaceOf}`, open)
    return false
  }
  first.says = `stands where seq ${seq} belongs, which stands in line ${place.line} of ${place.file}: they were swapped`
  return true
}

function startRun(state: State, kind: StrayRun['kind']): void {
  const [first] = state.window
  if (first === undefined) return
  if (kind === 'strange' && state.run?.kind === kind) {
    extendRun(state)
    return
  }
  state.run = createStrayRun(kind, first)
  if (!isMoved(state, first)) state.faults.add(state.run.fault)
  extendRun(state)
}

/** Lines that are missing elsewhere are no fault of their own. */
function isMoved({ holes }: State, first: LogItem): boolean {
  const hole = first.kind === 'line' && first.prev !== undefined ? holes.get(first.prev) : undefined
  if (hole === undefined) return false
  hole.says += `; they were moved to line ${first.place.line} of ${first.place.file}`
  holes.delete(first.kind === 'line' ? (first.prev ?? '') : '')
  return true
}

function extendRun(state: State): void {
  const { run, window } = state
  const item = window.shift()
  if (run === undefined || item === undefined) return
  state.isInRun = true
  run.add(item)
}

/** A run of lines goes on as long as they follow each other; strange ones always do. */
function isPartOfRun(state: State, item: LogItem): boolean {
  const { run, tip } = state
  if (run === undefined || tip === undefined) return false
  if (run.kind === 'strange') return item.kind === 'strange'
  const last = run.last()
  if (last.kind !== 'line' || item.kind !== 'line') return false
  if (run.kind === 'node' && item.node === tip.node) return false
  return following(last, item) !== undefined
}

/** A fault among the lines of another node: so that it is told of, the log has gone over to that node. */
function isOtherNodeFromHere({ run, tip }: State, item: LogItem): boolean {
  const last = run?.last()
  if (run?.kind !== 'node' || last?.kind !== 'line' || item.kind !== 'line') return false
  return item.node === last.node && item.node !== tip?.node
}

function goOver(state: State): void {
  const last = state.run?.last()
  if (last?.kind === 'line') state.tip = last
  state.run = undefined
  state.isInRun = false
}
