import type { AuditRecord } from '../audit-fields.ts'

/** What the records of one group have together. */
export interface Group {
  readonly name: string
  readonly lines: number
  readonly bytesOut: number
  readonly bytesIn: number
}

/** Adds records up, group by group. */
export interface Tally {
  readonly add: (record: AuditRecord) => void
  /** Every group, in no order. */
  readonly groups: () => readonly Group[]
}

/** Anybody can make up names for the log; groups beyond these are told together. */
const MOST_GROUPS = 50_000
const OTHERS = '(others)'

/** Adds up by what `nameOf` says; records of which it says nothing are left out. */
export function createTally(nameOf: (record: AuditRecord) => string | undefined): Tally {
  const groups = new Map<string, { lines: number; bytesOut: number; bytesIn: number }>()
  const groupOf = (name: string) => {
    const known = groups.get(name)
    if (known !== undefined) return known
    if (groups.size >= MOST_GROUPS && name !== OTHERS) return groupOf(OTHERS)
    const group = { lines: 0, bytesOut: 0, bytesIn: 0 }
    groups.set(name, group)
    return group
  }
  return {
    add: record => {
      const name = nameOf(record)
      if (name === undefined) return
      const group = groupOf(name)
      group.lines += 1
      group.bytesOut += record.bytes_out ?? 0
      group.bytesIn += record.bytes_in ?? 0
    },
    groups: () => Array.from(groups, ([name, sums]) => ({ name, ...sums })),
  }
}
