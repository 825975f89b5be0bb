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
