import type { SinkReport } from '../../audit/sinks/sink-report.ts'
import type { LogEntry } from '../workers/worker-calls.ts'
import type { SentSettings } from './sent-settings.ts'

/** What the thread of the sinks is started with. */
export interface SinksSetup {
  readonly sinks: readonly SentSettings[]
  /** The active file of the log. */
  readonly file: string
  /** Where positions are kept. */
  readonly directory: string
}

/** What the thread of the sinks answers. */
export interface SinksCalls {
  /** Begins; resolves when it is settled with which line. @throws PositionUnusable */
  start(): Promise<void>
  /** Lines were written. */
  wake(): Promise<void>
  /** Resolves when all that is there has arrived, or is not taken at once. */
  drain(): Promise<void>
  /** Resolves when positions are kept. */
  stop(): Promise<void>
}

/** What it tells. */
export interface SinksOwnerCalls {
  report(reports: readonly SinkReport[]): Promise<void>
  log(entry: LogEntry): Promise<void>
}
