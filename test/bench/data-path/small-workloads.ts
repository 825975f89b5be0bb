import { measureSmall } from './measure-small.ts'
import type { SmallRequest } from './small-load.ts'
import type { TestBed } from './test-bed.ts'
import type { Metric, Workload } from './workload.ts'

const LOAD = { connections: 32, seconds: 2 }
const PREPARE = { connections: 1, seconds: 0.2 }

const RATE = 'requests/s'
const P99 = 'p99 ms'
const CPU = 'CPU µs/request'

/** What a small request needs to know. */
export type SmallSource = Pick<TestBed, 'contents' | 'token'>

/** Small requests on 32 connections, the same over and over, with a token that each answer depends on. */
export function smallWorkloads(bed: TestBed): readonly Workload[] {
  const { blob } = bed.contents
  const workload = (
    name: string,
    request: SmallRequest,
    targets: Readonly<Record<string, string>>,
  ): Workload => ({
    name,
    metrics: [RATE, P99, CPU].map(metric => withTarget(metric, targets[metric])),
    prepare: async server => void (await measureSmall(server.registry, request, PREPARE)),
    run: server => measureSmall(server.registry, request, LOAD),
  })
  const cheap = { [CPU]: '≤ 0.75' }
  return [
    workload('manifest by digest', manifestRequest(bed, 'digest'), { [RATE]: '≥ 15' }),
    workload('manifest by tag', manifestRequest(bed, 'tag'), cheap),
    workload('HEAD of a blob', { ...requestOf(bed, `/blobs/${blob.digest}`), method: 'HEAD' }, cheap),
    workload('GET /v2/', { ...requestOf(bed, ''), path: '/v2/' }, cheap),
    workload('list of tags', requestOf(bed, '/tags/list'), cheap),
  ]
}

/** For the manifest of the image, by its digest or its tag. */
export function manifestRequest(bed: SmallSource, by: 'digest' | 'tag'): SmallRequest {
  const { manifest, tag, mediaType } = bed.contents.image
  const request = requestOf(bed, `/manifests/${by === 'digest' ? manifest.digest : tag}`)
  return { ...request, headers: [...request.headers, `Accept: ${mediaType}`] }
}

/** A GET in the repository, with the token. */
function requestOf({ token, contents }: SmallSource, path: string): SmallRequest {
  const headers = [`Authorization: Bearer ${token}`]
  return { method: 'GET', path: `/v2/${contents.repository}${path}`, headers }
}

function withTarget(name: string, target: string | undefined): Metric {
  return target === undefined ? { name } : { name, target }
}
