import { openAdminHandler } from './app/admin-handler.ts'
import { createClosers, type Opened } from './app/closers.ts'
import type { OpenPorts } from './app/listener-set.ts'
import { createLive } from './app/live.ts'
import { openListeners } from './app/open-listeners.ts'
import { openParts } from './app/open-parts.ts'
import type { AppOptions, Parts } from './app/parts.ts'
import { prepareEverywhere } from './app/prepare-everywhere.ts'
import { createReloader, type ReloadResult } from './app/reloader.ts'
import { openPool } from './app/workers/open-pool.ts'
import { describeServerEvent } from './audit/describe-server-event.ts'
import { configFingerprint } from './config/fingerprint.ts'
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
  /** Resolves when it cannot go on as it is, which is logged; then it must be stopped. */
  readonly failed: Promise<void>
}

/**
 * Starts everything a configuration asks for; resolves when requests are served.
 * @throws KeyFileError, CertificateFileError, AuditUnwritable, RegistryNotFound, ListenFailed; nothing stays open then.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { opened, closeAll } = createClosers()
  const stop = () => closeAll(options)
  try {
    return await serve(await openParts(options, opened), opened, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function serve(parts: Parts, opened: Opened, shutDown: () => Promise<boolean>): Promise<App> {
  const { loaded, version, log, clock, newId, sink, tls, metrics, underway, draining } = parts
  const live = createLive(parts)
  opened('authenticators and authorizers', () => live.close())
  const pool = openPool(parts, live, opened)
  const reload = createReloader(parts, loaded =>
    prepareEverywhere(loaded, { live, pool, sinks: parts.auditSinks }),
  )
  const { set, ports } = await openListeners(parts, live, {
    admin: openAdminHandler(parts, reload, pool),
    pool,
  })
  tls?.start()
  const watch = watchFiles(parts.watch.files, parts.watch.pollMs)
  watch.start(() => void reload())
  opened('admin listener', () => set.closeAdmin())
  opened('last audit line', () =>
    sink.append(describeServerEvent({ action: 'server.stop', at: clock(), id: newId() })),
  )
  // A request ends after its connection, with its audit line.
  opened('requests', async () => {
    await Promise.all([underway.empty(), pool?.idle()])
  })
  // Whoever waits for it has no connection any more.
  opened('password checks', () => parts.workers.close())
  let cut = 0
  opened('listeners', async () => {
    draining.abort()
    const deadlineMs = loaded.config.limits.shutdown_timeout_ms
    const counts = await Promise.all([set.close(deadlineMs), pool?.drain(deadlineMs) ?? 0])
    cut = counts[0] + counts[1]
    if (cut > 0) log.warn('requests were cut at the end of the shutdown time', { requests: cut })
  })
  opened('orders of certificates', () => tls?.stop())
  // First of all, so that no reload comes after the last line.
  opened('watch of the configuration', () => watch.close())
  await sink.append(
    describeServerEvent({
      action: 'server.start',
      at: clock(),
      id: newId(),
      version,
      pid: process.pid,
      config: configFingerprint(loaded.source()),
      previousStop: sink.previousStop,
    }),
  )
  metrics.setConfigReload('loaded', clock())
  let stopping: Promise<boolean> | undefined
  return {
    ports,
    failed: pool?.failed ?? new Promise(() => undefined),
    reload,
    reopenAudit: () => sink.reopen(),
    stop: () => {
      stopping ??= shutDown().then(inTime => inTime && cut === 0)
      return stopping
    },
  }
}
