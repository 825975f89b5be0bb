import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { createAuditPort } from './app/audit-port.ts'
import { createHandlers } from './app/handlers.ts'
import { type OpenPorts, openListeners } from './app/listeners.ts'
import { openRegistryRun } from './app/open-registry-run.ts'
import { openSigningKey } from './app/open-signing-key.ts'
import { openTls } from './app/open-tls.ts'
import { openUpstream } from './app/open-upstream.ts'
import type { AppOptions } from './app/parts.ts'
import { describeServerEvent } from './audit/describe-server-event.ts'
import { createFileSink } from './audit/file-sink.ts'
import { createPasswordWorkers } from './authn/password-workers.ts'
import { createStaticUsers } from './authn/static-users.ts'
import { createDrain } from './ops/drain.ts'
import { createMetrics } from './ops/metrics.ts'
import { createUlid } from './ops/ulid.ts'

/** A running landwaiter. */
export interface App {
  readonly ports: OpenPorts
  /** Follows a rotation of the audit file. */
  reopenAudit(): Promise<void>
  /** Drains and ends everything, the registry last; `true` when all ended in time. Calls share one result. */
  stop(): Promise<boolean>
}

type Closer = { readonly name: string; readonly close: (deadline: AbortSignal) => void | Promise<void> }

/**
 * Starts everything a configuration asks for; resolves when requests are served.
 * @throws KeyFileError, CertificateFileError, AuditUnwritable, RegistryNotFound, ListenFailed; nothing stays open then.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const closers: Closer[] = []
  try {
    return await open(options, closers)
  } catch (error) {
    await shutDown(options, closers)
    throw error
  }
}

async function open(options: AppOptions, closers: Closer[]): Promise<App> {
  const { loaded, log, clock, version } = options
  const { config } = loaded
  const metrics = createMetrics({ version })
  const newId = createUlid(clock, randomBytes)
  let isDraining = false

  // What is opened first is closed last: the registry outlives the requests that need it.
  const opened = (name: string, close: Closer['close']) => closers.unshift({ name, close })
  const key = await openSigningKey(config, { clock, log })
  const sink = await createFileSink({ file: config.audit.file, node: hostname(), log })
  opened('audit log', () => sink.close())
  const registry = await openRegistryRun(config, { env: options.env, clock, log })
  opened('registry', () => registry.stop())
  const upstream = openUpstream(config, registry.address, { key, clock, log, metrics })
  opened('connections to the registry', () => upstream.close())
  const tls = await openTls(config, { clock, log })
  opened('certificates', () => tls?.close())
  const workers = createPasswordWorkers()
  opened('password checks', () => workers.close())
  const users = createStaticUsers({ users: config.users, workers, clock })
  const audit = createAuditPort({ sink, clock, metrics, selection: config.audit })
  await upstream.probe.check()
  const handlers = createHandlers({
    ...options,
    metrics,
    newId,
    key,
    tls,
    sink,
    audit,
    users,
    upstream,
    isDraining: () => isDraining,
  })
  const listeners = await openListeners(config, tls, { handlers, log })
  opened('listeners', async () => {
    isDraining = true
    const cut = await listeners.close(config.limits.shutdown_timeout_ms)
    if (cut > 0) log.warn('connections were cut at the end of the shutdown time', { connections: cut })
    await sink.append(describeServerEvent({ action: 'server.stop', at: clock(), id: newId() }))
    await listeners.closeAdmin()
  })
  await sink.append(describeServerEvent({ action: 'server.start', at: clock(), id: newId(), version }))
  metrics.setConfigReload('loaded', clock())
  let stopping: Promise<boolean> | undefined
  return {
    ports: listeners.ports,
    reopenAudit: () => sink.reopen(),
    stop: () => {
      stopping ??= shutDown(options, closers)
      return stopping
    },
  }
}

function shutDown({ loaded, log }: AppOptions, closers: readonly Closer[]): Promise<boolean> {
  const drain = createDrain({ timeoutMs: loaded.config.limits.shutdown_timeout_ms, log, graceMs: 5_000 })
  for (const { name, close } of closers) drain.add(name, close)
  return drain.drain()
}
