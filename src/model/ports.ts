import type { AuditEvent } from './audit-event.ts'
import type { AuthnResult, Credentials } from './credentials.ts'

/** Milliseconds since the epoch. */
export type Clock = () => number

/** The operational log: one JSON line per call on standard error, or readable text on a terminal. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/**
 * Resolves when the whole line has been handed to the kernel.
 * @throws AuditUnwritable when it could not be written.
 */
export type AppendAudit = (event: AuditEvent) => Promise<void>

/** @throws AuthnUnavailable when the backend cannot tell. */
export type Authenticate = (credentials: Credentials) => Promise<AuthnResult>

/** Memory for bodies in transit, all of it from one budget. */
export interface TransferBuffers {
  /** A lease for one more body. The more of them are open, the smaller the buffers of each. */
  open(): TransferLease
}

/** The buffers of one body in transit. */
export interface TransferLease {
  /** What one buffer of this body may hold at this moment, bytes. */
  size(): number
  /** A buffer of about that size; its content is whatever it was. */
  take(): Uint8Array<ArrayBuffer>
  /** Gives a buffer back that nothing reads or writes any more; a buffer that is not given back is lost to the pool only. */
  give(buffer: Uint8Array<ArrayBuffer>): void
  /** Ends the lease; buffers may still be given back. */
  close(): void
}
