import { basename } from 'node:path'
import type { BrokenLine } from '../audit/reading/record-batch.ts'
import { escapeControls } from '../ops/escape-controls.ts'
import { countOf } from './format-amount.ts'
import type { Terminal } from './terminal.ts'

const NAMED = 5

/** Counts lines that are no records, and keeps the first few. */
export interface BrokenLines {
  readonly add: (lines: readonly BrokenLine[]) => void
  /** Names them on standard error; nothing when there are none. */
  readonly tell: (terminal: Terminal) => void
}

export function createBrokenLines(): BrokenLines {
  const first: BrokenLine[] = []
  let count = 0
  return {
    add: lines => {
      count += lines.length
      for (const line of lines) if (first.length < NAMED) first.push(line)
    },
    tell: terminal => {
      if (count === 0) return
      terminal.complain(`warning: ${countOf(count, 'broken line')} left out:\n`)
      for (const line of first) terminal.complain(`  ${escapeControls(placeOf(line))}\n`)
      if (count > first.length) terminal.complain(`  and ${count - first.length} more\n`)
    },
  }
}

/** Line 0 is the file itself. */
function placeOf({ path, number, reason }: BrokenLine): string {
  return number === 0 ? `${path}: ${reason}` : `${basename(path)}:${number}: ${reason}`
}
