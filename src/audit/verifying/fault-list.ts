import type { Fault, FaultKind, Spot } from './fault.ts'
import { type LogItem, timeOf } from './log-line.ts'

/** Faults that are told one by one; the others are only counted. */
const SHOWN = 20
/** Places that are kept, so that one line is told of once. */
const PLACES = 10_000

/** A fault that may still grow: `says` is the rest of the sentence that begins with the place. */
export interface OpenFault {
  readonly kind: FaultKind
  spot: Spot
  says: string
}

/** The faults found so far. */
export interface FaultList {
  /** The fault, unless one has been told of the same line. */
  add(fault: OpenFault): void
  has(spot: Spot): boolean
  count(): number
  shown(): readonly Fault[]
}

export function createFaultList(): FaultList {
  const faults: OpenFault[] = []
  const places = new Set<string>()
  let count = 0
  return {
    add: fault => {
      const place = placeOf(fault.spot)
      if (place !== undefined && places.has(place)) return
      count += 1
      if (faults.length < SHOWN) faults.push(fault)
      if (place !== undefined && places.size < PLACES) places.add(place)
    },
    has: spot => places.has(placeOf(spot) ?? ''),
    count: () => count,
    shown: () =>
      faults.map(({ kind, spot, says }) => ({ kind, ...spot, text: `${describeSpot(spot)} ${says}` })),
  }
}

/** Where an item stands. */
export function spotOf(item: LogItem): Spot {
  return item.kind === 'line' ? { ...item.place, seq: item.seq, time: timeOf(item) } : item.place
}

function placeOf({ file, line }: Spot): string | undefined {
  return file === undefined || line === undefined ? undefined : `${line} ${file}`
}

/** `line 1041 of audit.jsonl (seq 5210, 2026-11-24T16:06:00.123Z)`. */
export function describeSpot({ file, line, toLine, seq, time }: Spot): string {
  if (file === undefined) return 'the log'
  if (line === undefined) return file
  const lines = toLine === undefined || toLine === line ? `line ${line}` : `lines ${line} to ${toLine}`
  const details = [seq === undefined ? undefined : `seq ${seq}`, time].filter(part => part !== undefined)
  return `${lines} of ${file}${details.length === 0 ? '' : ` (${details.join(', ')})`}`
}
