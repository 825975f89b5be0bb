import type { FaultKind } from './fault.ts'
import { type OpenFault, spotOf } from './fault-list.ts'
import type { LogItem } from './log-line.ts'

/** Items that do not belong where they stand, told of as one fault: no lines, lines of another node, old numbers. */
export interface StrayRun {
  readonly kind: 'strange' | 'node' | 'back'
  readonly fault: OpenFault
  readonly last: () => LogItem
  add(item: LogItem): void
  /** They stand where the lines from `from` to `to` should. */
  replaces(from: number, to: number): void
}

const KINDS = {
  strange: 'strange',
  node: 'other-node',
  back: 'repeated',
} as const satisfies Record<StrayRun['kind'], FaultKind>

/** A run that begins with `first`, which is yet to be added. */
export function createStrayRun(kind: StrayRun['kind'], first: LogItem): StrayRun {
  const fault: OpenFault = { kind: KINDS[kind], spot: spotOf(first), says: '' }
  let items = 0
  let last = first
  return {
    kind,
    fault,
    last: () => last,
    add: item => {
      items += 1
      last = item
      const isSameFile = fault.spot.file === item.place.file
      fault.spot = { ...fault.spot, ...(isSameFile ? { toLine: item.place.line } : {}) }
      fault.says = describe(kind, first, items)
    },
    replaces: (from, to) => {
      fault.says += from === to ? `, where seq ${from} belongs` : `, where seq ${from} to ${to} belong`
    },
  }
}

function describe(kind: StrayRun['kind'], first: LogItem, items: number): string {
  const isOne = items === 1
  if (kind === 'back') {
    return isOne
      ? 'has a number that the log had before: it was moved, copied or put in here'
      : `have numbers that the log had before: ${items} lines were moved, copied or put in here`
  }
  if (first.kind === 'line') {
    return isOne ? `is of another node, ${first.node}` : `are ${items} lines of another node, ${first.node}`
  }
  return isOne
    ? `is no line of this log: ${first.reason}`
    : `are no lines of this log; of the first one, ${first.reason}`
}
