import type { Server } from './server.ts'
import { type SmallRequest, smallLoad } from './small-load.ts'
import type { TestBed } from './test-bed.ts'
import { withCost } from './with-cost.ts'
import type { Figures, Metric, Workload } from './workload.ts'

const LOAD = { connections: 32, seconds: 2 }
const US_PER_S = 1e6

const RATE = 'requests/s'
const P99 = 'p99 ms'
const CPU = 'CPU µs/request'

/** Small requests on 32 connections, the same over and over, with a token that each answer depends on. */
export function smallWorkloads(bed: TestBed): readonly Workload[] {
  const { repository, image, blob } = bed.contents
  const base = `/v2/${repository}`
  const withTarget = (name: string, target: string): readonly Metric[] =>
    [RATE, P99, CPU].map(metric => (metric === name ? { name: metric, target } : { name: metric }))
  const workload = (name: string, metrics: readonly Metric[], request: Partial<SmallRequest>): Workload => ({
    name,
    metrics,
    prepare: async server => void (await ask(bed, server, request, { connections: 1, seconds: 0.2 })),
    run: server => ask(bed, server, request, LOAD),
  })
  const accept = [`Accept: ${image.mediaType}`]
  return [
    workload('manifest by digest', withTarget(RATE, '≥ 15'), {
      path: `${base}/manifests/${image.manifest.digest}`,
      headers: accept,
    }),
    workload('manifest by tag', withTarget(CPU, '≤ 0.75'), {
      path: `${base}/manifests/${image.tag}`,
      headers: accept,
    }),
    workload('HEAD of a blob', withTarget(CPU, '≤ 0.75'), {
      method: 'HEAD',
      path: `${base}/blobs/${blob.digest}`,
    }),
    workload('GET /v2/', withTarget(CPU, '≤ 0.75'), { path: '/v2/' }),
    workload('list of tags', withTarget(CPU, '≤ 0.75'), { path: `${base}/tags/list` }),
  ]
}

async function ask(
  { token }: TestBed,
  { registry }: Server,
  { method = 'GET', path = '/', headers = [] }: Partial<SmallRequest>,
  load: { readonly connections: number; readonly seconds: number },
): Promise<Figures> {
  const request = { method, path, headers: [`Authorization: Bearer ${token}`, ...headers] }
  const { result, cost } = await withCost(registry.pids, () => smallLoad(registry, request, load))
  const figures = { [RATE]: result.requests / result.seconds, [P99]: result.p99Ms }
  if (registry.pids.length === 0) return figures
  return { ...figures, [CPU]: (cost.cpuSeconds / result.requests) * US_PER_S }
}
