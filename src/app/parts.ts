import type { AuditSelection } from '../audit/audit-filter.ts'
import type { Auditor } from '../audit/auditor.ts'
import type { AuditSink } from '../audit/writer/audit-sink.ts'
import type { PasswordWorkers } from '../authn/password-workers.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { KeyedLocks } from '../http/keyed-locks.ts'
import type { ListCursor } from '../http/list-cursor.ts'
import type { Underway } from '../http/underway.ts'
import type { UploadSessions } from '../http/upload-sessions.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { SignatureCheck } from '../signature/signature-check.ts'
import type { ReadClientCertificate } from '../tls/client-certificates.ts'
import type { SigningKey } from '../token/signing-key.ts'
import type { UpstreamAddress } from '../upstream/address.ts'
import type { AuditSinks } from './audit-sinks/open-audit-sinks.ts'
import type { Authority } from './open-authority.ts'
import type { Tls } from './open-tls.ts'
import type { Upstream } from './open-upstream.ts'

/** What a start is made of. */
export interface AppOptions {
  readonly loaded: LoadedConfig
  readonly version: string
  readonly log: Log
  readonly clock: Clock
  /** Reads the configuration again, for a reload. */
  readonly load: () => Promise<LoadedConfig>
  /** Files whose change asks for a reload; polled every `pollMs`. */
  readonly watch: { readonly files: readonly string[]; readonly pollMs: number }
  /** For the registry that we run. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What serves requests. In a worker thread some of it asks the thread that owns the state. */
export interface ServingParts {
  readonly loaded: LoadedConfig
  readonly log: Log
  readonly clock: Clock
  readonly metrics: Metrics
  readonly newId: () => string
  readonly key: SigningKey
  /** There with `tls.client_auth`. */
  readonly readClientCertificate: ReadClientCertificate | undefined
  readonly audit: Auditor
  readonly openAudit: (selection: AuditSelection) => Auditor
  readonly authority: Authority
  readonly openAuthority: (loaded: LoadedConfig) => Promise<Authority>
  readonly uploads: UploadSessions
  /** Of tags and digests; one table for the process, whatever is reloaded. */
  readonly locks: KeyedLocks
  readonly signatureCheck: SignatureCheck
  readonly listCursor: ListCursor
  readonly upstream: Upstream
  /** The requests that have not ended, each with its audit line. */
  readonly underway: Underway<symbol>
  /** Aborted when the shutdown begins. */
  readonly draining: AbortController
}

/** Everything that is open by the time the listeners are made. */
export interface Parts extends AppOptions, ServingParts {
  readonly tls: Tls | undefined
  /** Of the registry. */
  readonly address: UpstreamAddress
  readonly listCursorKey: Uint8Array
  readonly sink: AuditSink
  readonly auditSinks: AuditSinks
  readonly workers: PasswordWorkers
}
