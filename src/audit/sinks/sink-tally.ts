import type { FailureReason } from './send-failed.ts'
import type { SinkReport } from './sink-report.ts'

/** Counts what becomes of one sink, until somebody takes the report. */
export interface SinkTally {
  sent(lines: number, at: number): void
  skipped(lines: number): void
  failed(reason: FailureReason, message: string): void
  works(): void
  /** Position as it is in its file. */
  kept(seq: number): void
  /** What happened since the last report; `undefined` when nothing did. */
  take(): SinkReport | undefined
}

export function createSinkTally(sink: string, position: number): SinkTally {
  let report: SinkReport = fresh({ sink, position })
  let isNew = true
  const change = (changes: Partial<SinkReport>) => {
    report = { ...report, ...changes }
    isNew = true
  }
  return {
    sent: (lines, at) => change({ sent: report.sent + lines, lastSuccess: at }),
    skipped: lines => change({ skipped: report.skipped + lines }),
    failed: (reason, message) =>
      change({
        failing: message,
        errors: { ...report.errors, [reason]: (report.errors[reason] ?? 0) + 1 },
      }),
    works: () => {
      if (report.failing !== undefined) change({ failing: undefined })
    },
    kept: seq => change({ position: seq }),
    take: () => {
      if (!isNew) return undefined
      const taken = report
      report = fresh(taken)
      isNew = false
      return taken
    },
  }
}

function fresh(last: Pick<SinkReport, 'sink' | 'position'> & Partial<SinkReport>): SinkReport {
  const { sink, position, lastSuccess, failing } = last
  return { sink, position, lastSuccess, failing, sent: 0, skipped: 0, errors: {} }
}
