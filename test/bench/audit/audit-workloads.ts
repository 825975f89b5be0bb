import type { Contents } from '../data-path/contents.ts'
import { downloadBlob } from '../data-path/download-blob.ts'
import { measureSmall } from '../data-path/measure-small.ts'
import type { SmallRequest } from '../data-path/small-load.ts'
import { manifestRequest } from '../data-path/small-workloads.ts'
import type { Metric, Workload } from '../data-path/workload.ts'
import type { AuditDoor } from './audit-door.ts'

/** What the registry holds, and a token for it. */
export interface AuditBed {
  readonly contents: Contents
  readonly token: string
}

const SECONDS = 2
const PREPARE = { connections: 1, seconds: 0.2 }
const RATE: readonly Metric[] = [{ name: 'requests/s' }, { name: 'p99 ms' }, { name: 'CPU µs/request' }]

/** The same work with the log on, off, and with its dearer settings. */
export function auditWorkloads(bed: AuditBed): readonly Workload<AuditDoor>[] {
  const read = manifestRequest(bed, 'digest')
  return [
    ...[1, 16].map(count => blobs(bed, count)),
    small('warm manifest', read, 32),
    small('warm manifest', read, 64),
    small('push of a manifest', pushOf(bed), 64),
  ]
}

function blobs(bed: AuditBed, count: number): Workload<AuditDoor> {
  return {
    name: `blob GET, ${count} ${count === 1 ? 'client' : 'clients'}`,
    metrics: [{ name: 'MB/s' }, { name: 'CPU s/GiB' }],
    run: ({ door }) => downloadBlob(bed, door, count),
  }
}

function small(name: string, request: SmallRequest, connections: number): Workload<AuditDoor> {
  return {
    name: `${name}, ${connections} clients`,
    metrics: RATE,
    prepare: async ({ door }) => void (await measureSmall(door, request, PREPARE)),
    run: ({ door }) => measureSmall(door, request, { connections, seconds: SECONDS }),
  }
}

/** Of one that is there already: the registry writes it again, and every push has its line. */
function pushOf({ contents: { repository, image }, token }: AuditBed): SmallRequest {
  return {
    method: 'PUT',
    path: `/v2/${repository}/manifests/${image.tag}`,
    headers: [`Authorization: Bearer ${token}`, `Content-Type: ${image.mediaType}`],
    body: image.text,
    status: 201,
  }
}
