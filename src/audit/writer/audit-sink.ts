import type { AppendAudit } from '../../model/ports.ts'

/** What readiness and the metrics show. */
export interface AuditStatus {
  /** Why lines cannot be written, or soon will not be; `undefined` while all is well. */
  readonly degraded: string | undefined
  /** Bytes of lines that are not with the kernel yet. */
  readonly queueBytes: number
  /** Lines written since the start. */
  readonly records: number
  /** Lines that will never be written. */
  readonly lost: number
}

/** The audit log as one file of JSON lines. */
export interface AuditSink {
  /**
   * Resolves when the line is written as `sync` asks for. During an outage lines that confirm nothing wait in memory,
   * and it resolves at once. @throws AuditUnwritable when what the line would confirm must not be confirmed.
   */
  readonly append: AppendAudit
  /** Why a request must not be let in at this moment; `undefined` when it may. */
  refusal(request: 'read' | 'write'): string | undefined
  /** Opens the file anew by its name, after a rotation renamed it. @throws AuditUnwritable, keeping the old one. */
  reopen(): Promise<void>
  /** Writes what is queued and closes the file; later appends are refused. */
  close(): Promise<void>
  status(): AuditStatus
  /** How the log ended before this start: with `server.stop` or not; `undefined` when it is new. */
  readonly previousStop: 'clean' | 'unclean' | undefined
}
