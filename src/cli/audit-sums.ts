import type { AuditRecord } from '../audit/audit-fields.ts'
import { countOf, formatBytes, formatCount } from './format-amount.ts'

/** Sums over what was shown. */
export interface AuditSums {
  readonly add: (record: AuditRecord) => void
  /** `20 lines: 17 success, 3 denied; 35 MiB sent, 1.2 KiB received` */
  readonly line: () => string
}

/** Counts outcomes and bytes. */
export function createAuditSums(): AuditSums {
  const outcomes = new Map<string, number>()
  const sums = { lines: 0, sent: 0, received: 0 }
  return {
    add: ({ outcome, bytes_out = 0, bytes_in = 0 }) => {
      sums.lines += 1
      sums.sent += bytes_out
      sums.received += bytes_in
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    },
    line: () => {
      const parts = Array.from(outcomes, ([outcome, count]) => `${formatCount(count)} ${outcome}`)
      const listed = parts.length === 0 ? '' : `: ${parts.join(', ')}`
      const bytes = [
        ...(sums.sent > 0 ? [`${formatBytes(sums.sent)} sent`] : []),
        ...(sums.received > 0 ? [`${formatBytes(sums.received)} received`] : []),
      ]
      return `${countOf(sums.lines, 'line')}${listed}${bytes.length === 0 ? '' : `; ${bytes.join(', ')}`}`
    },
  }
}
