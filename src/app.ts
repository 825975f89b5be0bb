import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { createAuditPort } from './app/audit-port.ts'
import { createCertificateAudit } from './app/certificate-audit.ts'
import { type OpenPorts, openListeners } from './app/listeners.ts'
import { createLive } from './app/live.ts'
import { openAuthority } from './app/open-authority.ts'
import { openRegistryRun } from './app/open-registry-run.ts'
import { openSigningKey } from './app/open-signing-key.ts'
import { openTls } from './app/open-tls.ts'
import { openUpstream } from './app/open-upstream.ts'
import type { AppOptions, Parts } from './app/parts.ts'
import { createReloader, type ReloadResult, reloadText } from './app/reloader.ts'
import { describeServerEvent } from './audit/describe-server-event.ts'
import { createFileSink } from './audit/file-sink.ts'
import { createPasswordWorkers } from './authn/password-workers.ts'
import { createKeyedLocks } from './http/keyed-locks.ts'
import { createListCursor } from './http/list-cursor.ts'
import { createUnderway } from './http/underway.ts'
import { createUploadSessions } from './http/upload-sessions.ts'
import { createDrain } from './ops/drain.ts'
import { createMetrics } from './ops/metrics.ts'
import { createUlid } from './ops/ulid.ts'
import { createSignatureCheck } from './signature/signature-check.ts'
import { watchFiles } from './tls/watch-files.ts'

/** A running landwaiter. */
export interface App {
  readonly ports: OpenPorts
  /** Takes the configuration over again, whole or not at all. Never rejects. */
  reload(): Promise<ReloadResult>
  /** Follows a rotation of the audit file. */
  reopenAudit(): Promise<void>
  /** Drains and ends everything, the registry last; `true` when all ended in time. Calls share one result. */
  stop(): Promise<boolean>
}

type Close = (deadline: AbortSignal) => void | Promise<void>
type Closer = { readonly name: string; readonly close: Close }
/** What is opened first is closed last: the registry outlives the requests that need it. */
type Opened = (name: string, close: Close) => void

/**
 * Starts everything a configuration asks for; resolves when requests are served.
 * @throws KeyFileError, CertificateFileError, AuditUnwritable, RegistryNotFound, ListenFailed; nothing stays open then.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const closers: Closer[] = []
  const opened: Opened = (name, close) => closers.unshift({ name, close })
  const stop = () => shutDown(options, closers)
  try {
    return await serve(await openParts(options, opened), opened, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function openParts(options: AppOptions, opened: Opened): Promise<Parts> {
  const { loaded, log, clock, version, env } = options
  const { config } = loaded
  const metrics = createMetrics({ version })
  const key = await openSigningKey(config, { clock, log })
  const sink = await createFileSink({ file: config.audit.file, node: hostname(), log })
  opened('audit log', () => sink.close())
  const registry = await openRegistryRun(config, { env, clock, log })
  opened('registry', () => registry.stop())
  const upstream = openUpstream(config, registry.address, { key, clock, log, metrics })
  opened('connections to the registry', () => upstream.close())
  const newId = createUlid(clock, randomBytes)
  const onEvent = createCertificateAudit({ sink, metrics, clock, newId, log })
  const tls = await openTls(config, { clock, log, version, env, onEvent })
  opened('certificates', () => tls?.close())
  const workers = createPasswordWorkers()
  const signatureCheck = createSignatureCheck({ fetch: upstream.fetchContent, clock })
  const authority = await openAuthority(loaded, { workers, clock, metrics, log, signatureCheck, env })
  await upstream.probe.check()
  return {
    ...options,
    metrics,
    newId,
    key,
    tls,
    sink,
    audit: createAuditPort({ sink, clock, metrics, selection: config.audit }),
    authority,
    workers,
    uploads: createUploadSessions(),
    locks: createKeyedLocks({ waitMs: 20_000, maxWaiting: 1_000 }),
    signatureCheck,
    listCursor: createListCursor(randomBytes(32)),
    upstream,
    underway: createUnderway(),
    draining: new AbortController(),
  }
}

async function serve(parts: Parts, opened: Opened, shutDown: () => Promise<boolean>): Promise<App> {
  const { loaded, version, log, clock, newId, sink, tls, metrics, underway, draining } = parts
  const live = createLive(parts)
  opened('authenticators and authorizers', () => live.close())
  const reload = createReloader(parts, live, parts.load)
  const admin = live.admin(async () => {
    const result = await reload()
    return { ok: result.outcome === 'loaded', text: reloadText(result) }
  })
  const listeners = await openListeners(loaded.config, tls, { handlers: { ...live, admin }, log })
  tls?.start()
  const watch = watchFiles(parts.watch.files, parts.watch.pollMs)
  watch.start(() => void reload())
  opened('admin listener', () => listeners.closeAdmin())
  opened('last audit line', () =>
    sink.append(describeServerEvent({ action: 'server.stop', at: clock(), id: newId() })),
  )
  // A request ends after its connection, with its audit line.
  opened('requests', () => underway.empty())
  // Whoever waits for it has no connection any more.
  opened('password checks', () => parts.workers.close())
  let cut = 0
  opened('listeners', async () => {
    draining.abort()
    cut = await listeners.close(loaded.config.limits.shutdown_timeout_ms)
    if (cut > 0) log.warn('requests were cut at the end of the shutdown time', { requests: cut })
  })
  opened('orders of certificates', () => tls?.stop())
  // First of all, so that no reload comes after the last line.
  opened('watch of the configuration', () => watch.close())
  await sink.append(describeServerEvent({ action: 'server.start', at: clock(), id: newId(), version }))
  metrics.setConfigReload('loaded', clock())
  let stopping: Promise<boolean> | undefined
  return {
    ports: listeners.ports,
    reload,
    reopenAudit: () => sink.reopen(),
    stop: () => {
      stopping ??= shutDown().then(inTime => inTime && cut === 0)
      return stopping
    },
  }
}

function shutDown({ loaded, log }: AppOptions, closers: readonly Closer[]): Promise<boolean> {
  const drain = createDrain({ timeoutMs: loaded.config.limits.shutdown_timeout_ms, log, graceMs: 5_000 })
  for (const { name, close } of closers) drain.add(name, close)
  return drain.drain()
}
