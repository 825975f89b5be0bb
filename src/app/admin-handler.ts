import type { RequestListener } from 'node:http'
import { createAdmin } from '../http/admin.ts'
import { formatReadiness } from '../ops/health.ts'
import type { Parts } from './parts.ts'
import { createReady } from './ready.ts'
import { type ReloadResult, reloadText } from './reloader.ts'
import type { WorkerPool } from './workers/worker-pool.ts'

/** The handler of the admin listener with its ports. */
export function openAdminHandler(
  parts: Parts,
  reload: () => Promise<ReloadResult>,
  pool?: WorkerPool,
): RequestListener {
  return createAdmin({
    metrics: async () => {
      await refresh(parts)
      return await parts.metrics.render(await pool?.metrics())
    },
    metricsType: parts.metrics.contentType,
    readiness: createReady(parts),
    formatReadiness,
    reload: async () => {
      const result = await reload()
      return { ok: result.outcome === 'loaded', text: reloadText(result) }
    },
    ...(parts.tls === undefined
      ? {}
      : { certificates: pool?.controlled(parts.tls.control) ?? parts.tls.control }),
  })
}

/** Gauges of what is only looked at when somebody scrapes. */
async function refresh({ metrics, sink, auditSinks, tls, upstream }: Parts): Promise<void> {
  const { degraded, queueBytes, lost } = sink.status()
  metrics.setAuditDegraded(degraded !== undefined)
  metrics.setAuditQueueBytes(queueBytes)
  metrics.setAuditLost(lost)
  metrics.setAuditSinkLags(await auditSinks.lags())
  metrics.setCaches(upstream.cacheUsage())
  metrics.setCertificates(tls?.source.certificates() ?? [])
}
