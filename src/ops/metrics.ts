import { collectDefaultMetrics, Registry } from 'prom-client'
import { type AccessMetrics, accessMetrics } from './access-metrics.ts'
import { type AuditMetrics, auditMetrics } from './audit-metrics.ts'
import { type AuditSinkMetrics, auditSinkMetrics } from './audit-sink-metrics.ts'
import { type BlobMetrics, blobMetrics } from './blob-metrics.ts'
import { type CacheMetrics, cacheMetrics } from './cache-metrics.ts'
import { type HttpMetrics, httpMetrics } from './http-metrics.ts'
import { createFamilies } from './metric-families.ts'
import { type MetricsSnapshot, renderAll, takeSnapshot } from './metrics-snapshot.ts'
import { type StateMetrics, stateMetrics } from './state-metrics.ts'
import { type UpstreamMetrics, upstreamMetrics } from './upstream-metrics.ts'

/** What the process counts. Label values outside the closed lists become `other`, so series stay few. */
export interface Metrics
  extends HttpMetrics,
    AccessMetrics,
    UpstreamMetrics,
    AuditMetrics,
    AuditSinkMetrics,
    StateMetrics,
    BlobMetrics,
    CacheMetrics {
  /** The exposition text, whose media type is `contentType`; with what threads beside this one have counted. */
  render(others?: readonly MetricsSnapshot[]): Promise<string>
  /** What this thread has counted, without what belongs to the process. */
  snapshot(): Promise<MetricsSnapshot>
  readonly contentType: string
}

export interface MetricsOptions {
  readonly version: string
  readonly registry?: Registry
}

/** Metrics of one process, with prom-client's defaults for the process and Node.js. */
export function createMetrics({ version, registry = new Registry() }: MetricsOptions): Metrics {
  collectDefaultMetrics({ register: registry })
  const families = createFamilies(registry)
  const build = {
    name: 'build_info',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'node'],
  }
  families.gauge({ ...build, aggregator: 'first' }).set([version, process.versions.node], 1)
  return {
    ...httpMetrics(families),
    ...accessMetrics(families),
    ...upstreamMetrics(families),
    ...auditMetrics(families),
    ...auditSinkMetrics(families),
    ...stateMetrics(families),
    ...blobMetrics(families),
    ...cacheMetrics(families),
    render: others => (others === undefined ? registry.metrics() : renderAll(registry, others)),
    snapshot: () => takeSnapshot(registry),
    contentType: registry.contentType,
  }
}
