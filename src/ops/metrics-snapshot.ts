import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, type Registry } from 'prom-client'

/** The metrics of one thread as plain data. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[]

/** Of the process as a whole, whichever thread looks. */
const OF_PROCESS = /^(process_|nodejs_version_info$)/
const REQUESTS = 'landwaiter_http_requests_total'

/** What the thread of `registry` has counted, without what belongs to the process. */
export async function takeSnapshot(registry: Registry): Promise<MetricsSnapshot> {
  const metrics = (await registry.getMetricsAsJSON()) as unknown as MetricsSnapshot
  return metrics.filter(({ name }) => !OF_PROCESS.test(name))
}

/** The exposition text of `registry` and the other threads together, and how the requests fell to those. */
export async function renderAll(registry: Registry, others: readonly MetricsSnapshot[]): Promise<string> {
  const own = (await registry.getMetricsAsJSON()) as unknown as MetricsSnapshot
  const all = [[...own, requestsByWorker(others)], ...others]
  return await AggregatorRegistry.aggregate(all as unknown as object[]).metrics()
}

/** The kernel shares connections out, not requests: a few busy clients may all be on one thread. */
function requestsByWorker(workers: readonly MetricsSnapshot[]): object {
  return {
    name: 'landwaiter_worker_requests_total',
    help: 'Finished HTTP requests by the worker thread that served them.',
    type: 'counter',
    aggregator: 'sum',
    values: workers.map((snapshot, index) => ({
      labels: { worker: String(index + 1) },
      value: sumOf(snapshot.find(({ name }) => name === REQUESTS)),
    })),
  }
}

function sumOf(metric: MetricsSnapshot[number] | undefined): number {
  return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0
}
