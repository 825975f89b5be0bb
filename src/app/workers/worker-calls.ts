import type { ConfigSource } from '../../config/load.ts'
import type { ContentChange } from '../../content/freshness.ts'
import type { Claim } from '../../http/keyed-locks.ts'
import type { UploadSession } from '../../http/upload-sessions.ts'
import type { AuditEvent } from '../../model/audit-event.ts'
import type { AuthnResult } from '../../model/credentials.ts'
import type { Decision, Question } from '../../model/decision.ts'
import type { Log } from '../../model/ports.ts'
import type { MetricsSnapshot } from '../../ops/metrics-snapshot.ts'
import type { ClientCa } from '../../tls/client-ca.ts'
import type { CertificateMaterial } from '../../tls/fed-source.ts'
import type { SigningKey } from '../../token/signing-key.ts'
import type { UpstreamAddress } from '../../upstream/address.ts'
import type { UpstreamState } from '../../upstream/probe.ts'
import type { OpenPorts } from '../listener-set.ts'
import type { PublicAddresses } from '../public-listeners.ts'

/** A configuration as it goes to a worker. */
export interface SentConfig {
  readonly source: ConfigSource
  /** `Authority.keyTexts`. */
  readonly keyTexts: Readonly<Record<string, string>>
}

/** What a worker is started with. Plain data and keys, all of which can be cloned; it holds secrets. */
export interface WorkerSetup extends SentConfig {
  readonly version: string
  readonly key: SigningKey
  readonly address: UpstreamAddress
  readonly probe: ProbeResult
  readonly listCursorKey: Uint8Array
  readonly certificates: CertificateMaterial | undefined
  readonly clientCa: ClientCa | undefined
}

/** What the registry said last. */
export interface ProbeResult {
  readonly state: UpstreamState
  readonly service: string | undefined
}

/** What the owner answers to a worker. */
export interface OwnerCalls {
  /** Resolves to why reads are refused from now on, if they are. */
  audit(event: AuditEvent): Promise<string | undefined>
  auditRefusal(request: 'read' | 'write'): Promise<string | undefined>
  authenticate(login: { readonly name: string; readonly password: string }): Promise<AuthnResult>
  decide(question: Question): Promise<Decision>
  beginUpload(upload: { readonly id: string; readonly session: Omit<UploadSession, 'bytes'> }): Promise<void>
  findUpload(id: string): Promise<UploadSession | undefined>
  receivedUpload(part: { readonly id: string; readonly bytes: number }): Promise<UploadSession | undefined>
  endUpload(id: string): Promise<void>
  /** Resolves when all claims are held, until `unlock` of the same id, which also ends the waiting. */
  lock(lease: { readonly id: number; readonly claims: readonly Claim[] }): Promise<void>
  unlock(id: number): Promise<void>
  probe(): Promise<ProbeResult>
  /** Resolves when every other worker's caches have forgotten it. */
  announce(change: ContentChange): Promise<void>
  log(entry: LogEntry): Promise<void>
}

/** A call of the operational log, its fields as plain data. */
export interface LogEntry {
  readonly level: keyof Log
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** What a worker answers to the owner. */
export interface WorkerCalls {
  /** Opens everything; the first question. @throws when it cannot serve; the worker is to be ended then. */
  listen(addresses: PublicAddresses): Promise<OpenPorts>
  /** Opens a configuration beside the running one; then `commit` or `abandon`. */
  prepare(config: SentConfig): Promise<void>
  commit(): Promise<void>
  abandon(): Promise<void>
  certificates(material: CertificateMaterial): Promise<void>
  probed(result: ProbeResult): Promise<void>
  announced(change: ContentChange): Promise<void>
  metrics(): Promise<MetricsSnapshot>
  /** Drains; resolves to how many requests were cut. */
  drain(deadlineMs: number): Promise<number>
  /** Resolves when every request has its audit line. */
  idle(): Promise<void>
  close(): Promise<void>
}
