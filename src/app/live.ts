import type { RequestListener } from 'node:http'
import type { LoadedConfig } from '../config/load.ts'
import { createAdmin } from '../http/admin.ts'
import { createDispatch } from '../http/dispatch.ts'
import { formatReadiness } from '../ops/health.ts'
import { createAuditPort } from './audit-port.ts'
import { type Handlers, openHandlers } from './handlers.ts'
import { openUsers } from './open-users.ts'
import type { Parts } from './parts.ts'
import { createReady } from './ready.ts'
import { restartKeys, withFixedKeys } from './restart-keys.ts'

/** The handlers of the listeners, behind which a reload swaps everything that a configuration decides. */
export interface Live {
  readonly dispatch: RequestListener
  /** True for a host name that we serve. */
  readonly isOurs: (host: string) => boolean
  admin(reload: () => Promise<{ readonly ok: boolean; readonly text: string }>): RequestListener
  /** From the next request on `loaded` decides. Returns the keys whose change needs a restart. */
  swap(loaded: LoadedConfig): readonly string[]
}

/** Running requests keep what they began with; connections, upload sessions and caches of the registry stay. */
export function createLive(parts: Parts): Live {
  let current: Handlers = openHandlers(parts)
  return {
    dispatch: createDispatch(() => current.dispatch),
    isOurs: host => current.isOurs(host),
    admin: reload =>
      createAdmin({
        metrics: () => {
          refresh(parts)
          return parts.metrics.render()
        },
        metricsType: parts.metrics.contentType,
        readiness: createReady(parts),
        formatReadiness,
        reload,
      }),
    swap: loaded => {
      const running = parts.loaded.config
      const config = withFixedKeys(running, loaded.config)
      const { sink, clock, metrics, workers } = parts
      current = openHandlers({
        ...parts,
        loaded: { ...loaded, config },
        users: openUsers(config, { workers, clock }),
        audit: createAuditPort({ sink, clock, metrics, selection: config.audit }),
      })
      return restartKeys(running, loaded.config)
    },
  }
}

/** Gauges of what is only looked at when somebody scrapes. */
function refresh({ metrics, sink, tls }: Parts): void {
  const { degraded, queueBytes } = sink.status()
  metrics.setAuditDegraded(degraded !== undefined)
  metrics.setAuditQueueBytes(queueBytes)
  metrics.setCertificates(tls?.source.certificates() ?? [])
}
