import type { AuditRecord } from '../audit-fields.ts'
import type { LogLine } from './log-line.ts'

/** The way to one receiver. One call at a time. */
export interface Sender {
  /** Whether the receiver gets a record at all. */
  accepts(record: AuditRecord): boolean
  /** Resolves when the receiver has the lines, or with `confirm` when they are on their way. @throws SendFailed */
  send(lines: readonly LogLine[], signal: AbortSignal): Promise<void>
  /** Resolves when the receiver has all that was sent. @throws SendFailed; all of it has to be sent again then. */
  readonly confirm?: (signal: AbortSignal) => Promise<void>
  close(): Promise<void>
}
