import type { RequestListener } from 'node:http'
import type { LoadedConfig } from '../config/load.ts'
import { createAdmin } from '../http/admin.ts'
import { createDispatch } from '../http/dispatch.ts'
import { formatReadiness } from '../ops/health.ts'
import { createAuditPort } from './audit-port.ts'
import { type Handlers, openHandlers } from './handlers.ts'
import { type Authority, openAuthority } from './open-authority.ts'
import type { Parts } from './parts.ts'
import { createReady } from './ready.ts'
import { restartKeys, withFixedKeys } from './restart-keys.ts'

/** Questions under way at a reload are answered by whom they were put to; no program runs longer than this. */
const RETIRE_MS = 5 * 60_000

/** The handlers of the listeners, behind which a reload swaps everything that a configuration decides. */
export interface Live {
  readonly dispatch: RequestListener
  /** True for a host name that we serve. */
  readonly isOurs: (host: string) => boolean
  admin(reload: () => Promise<{ readonly ok: boolean; readonly text: string }>): RequestListener
  /** From the next request on `loaded` decides. Resolves to the keys whose change needs a restart. @throws ExternalFileError */
  swap(loaded: LoadedConfig): Promise<readonly string[]>
  /** Ends the programs and connections of every configuration that was in force. */
  close(): Promise<void>
}

/** Running requests keep what they began with; connections, upload sessions and caches of the registry stay. */
export function createLive(parts: Parts): Live {
  let current: Handlers = openHandlers(parts)
  let authority = parts.authority
  const retired = new Map<Authority, NodeJS.Timeout>()
  const retire = (old: Authority) => {
    const end = () => {
      retired.delete(old)
      void old.close()
    }
    retired.set(old, setTimeout(end, RETIRE_MS).unref())
  }
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
        ...(parts.tls === undefined ? {} : { certificates: parts.tls.control }),
      }),
    swap: async loaded => {
      const running = parts.loaded.config
      const config = withFixedKeys(running, loaded.config)
      const { sink, clock, metrics } = parts
      const next = { ...loaded, config }
      const opened = await openAuthority(next, parts)
      retire(authority)
      authority = opened
      current = openHandlers({
        ...parts,
        loaded: next,
        authority,
        audit: createAuditPort({ sink, clock, metrics, selection: config.audit }),
      })
      return restartKeys(running, loaded.config)
    },
    close: async () => {
      for (const timer of retired.values()) clearTimeout(timer)
      await Promise.all([authority, ...retired.keys()].map(one => one.close()))
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
