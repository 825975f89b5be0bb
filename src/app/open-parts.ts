import { randomBytes } from 'node:crypto'
import type { AuditSelection } from '../audit/audit-filter.ts'
import { createPasswordWorkers } from '../authn/password-workers.ts'
import type { LoadedConfig } from '../config/load.ts'
import { createKeyedLocks } from '../http/keyed-locks.ts'
import { createListCursor } from '../http/list-cursor.ts'
import { createUnderway } from '../http/underway.ts'
import { createUploadSessions } from '../http/upload-sessions.ts'
import { createMetrics } from '../ops/metrics.ts'
import { createUlid } from '../ops/ulid.ts'
import { createSignatureCheck } from '../signature/signature-check.ts'
import { createAuditPort } from './audit-port.ts'
import { openConfiguredSinks } from './audit-sinks/open-configured-sinks.ts'
import { createCertificateAudit } from './certificate-audit.ts'
import type { Opened } from './closers.ts'
import { openAuditLog } from './open-audit-log.ts'
import { openAuthority } from './open-authority.ts'
import { openRegistryRun } from './open-registry-run.ts'
import { openSigningKey } from './open-signing-key.ts'
import { openTls } from './open-tls.ts'
import { openUpstream } from './open-upstream.ts'
import type { AppOptions, Parts } from './parts.ts'

/**
 * Opens everything that a configuration asks for but its listeners; each part is told to `opened`.
 * @throws KeyFileError, CertificateFileError, PositionUnusable, AuditUnwritable, RegistryNotFound
 */
export async function openParts(options: AppOptions, opened: Opened): Promise<Parts> {
  const { loaded, log, clock, version, env } = options
  const { config } = loaded
  const metrics = createMetrics({ version })
  const key = await openSigningKey(config, { clock, log })
  const newId = createUlid(clock, randomBytes)
  // Before the log, so that they end after its last line.
  const auditSinks = await openConfiguredSinks(config, { log, metrics })
  opened('audit sinks', deadline => auditSinks.close(deadline))
  const sink = await openAuditLog(config, { log, clock, newId, sinks: auditSinks })
  opened('audit log', () => sink.close())
  const registry = await openRegistryRun(config, { env, clock, log })
  opened('registry', () => registry.stop())
  const upstream = openUpstream(config, registry.address, { key, clock, log, metrics })
  opened('connections to the registry', () => upstream.close())
  const onEvent = createCertificateAudit({ sink, metrics, clock, newId, log })
  const tls = await openTls(config, { clock, log, version, env, onEvent })
  opened('certificates', () => tls?.close())
  const workers = createPasswordWorkers()
  const signatureCheck = createSignatureCheck({ fetch: upstream.fetchContent, clock })
  const authorityEffects = { workers, clock, metrics, log, signatureCheck, env }
  const openAnother = (another: LoadedConfig) => openAuthority(another, authorityEffects)
  const openAudit = (selection: AuditSelection) => createAuditPort({ sink, clock, metrics, selection })
  const authority = await openAnother(loaded)
  const listCursorKey = randomBytes(32)
  await upstream.probe.check()
  return {
    ...options,
    metrics,
    newId,
    key,
    tls,
    address: registry.address,
    listCursorKey,
    sink,
    auditSinks,
    readClientCertificate: tls?.readClientCertificate,
    audit: openAudit(config.audit),
    openAudit,
    authority,
    openAuthority: openAnother,
    workers,
    uploads: createUploadSessions(),
    locks: createKeyedLocks({ waitMs: 20_000, maxWaiting: 1_000 }),
    signatureCheck,
    listCursor: createListCursor(listCursorKey),
    upstream,
    underway: createUnderway(),
    draining: new AbortController(),
  }
}
