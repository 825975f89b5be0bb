import { NO_LINE_BEFORE } from '../number-line.ts'
import type { LogItem, LogLine } from './log-line.ts'

/** Whether it is the first line that the log ever had. */
export function isStart(item: LogItem | undefined): item is LogLine {
  return item?.kind === 'line' && (item.prev === undefined ? item.from === 1 : item.prev === NO_LINE_BEFORE)
}

/** Whether the second line tells that the first one has a wrong number or node, and not that lines are missing. */
export function isProofAgainst(first: LogLine, second: LogItem | undefined): second is LogLine {
  if (second?.kind !== 'line' || second.prev === undefined) return false
  if (second.prev === first.hash || second.hash === first.hash) return false
  return second.from <= first.seq || (second.from === first.seq + 1 && second.node !== first.node)
}
