import { join } from 'node:path'
import { runCommand } from '../../support/run-command.ts'
import { curl } from './curl.ts'
import type { Server } from './server.ts'
import { startRunning } from './start-server.ts'
import type { TestBed } from './test-bed.ts'
import { withCost } from './with-cost.ts'
import type { Figures, Metric, Workload } from './workload.ts'

const BYTES_PER_MB = 1e6
const BYTES_PER_GIB = 1024 ** 3
const MB_PER_S = 'MB/s'
const CPU = 'CPU s/GiB'
const RESIDENT = 'resident MiB'

const CLIENTS: readonly { readonly count: number; readonly metrics: readonly Metric[] }[] = [
  {
    count: 1,
    metrics: [{ name: MB_PER_S, target: '≥ 1.1' }, { name: CPU, target: '≤ 0.75' }, { name: RESIDENT }],
  },
  { count: 4, metrics: [{ name: MB_PER_S, target: '≥ 1.0' }, { name: CPU }, { name: RESIDENT }] },
  {
    count: 16,
    metrics: [
      { name: MB_PER_S, target: '≥ 1.0' },
      { name: CPU, target: '≤ 0.95' },
      { name: RESIDENT, target: '≤ 130 MiB' },
    ],
  },
]

/** Downloads of the large blob, each by a curl of its own. */
export function blobWorkloads(bed: TestBed): readonly Workload[] {
  const prepare = onceForEach(server => checkDigest(bed, server))
  return [
    ...CLIENTS.map(({ count, metrics }) => ({
      name: `blob GET, ${count} ${count === 1 ? 'client' : 'clients'}`,
      metrics,
      prepare,
      run: (server: Server) => download(bed, server, count),
    })),
    directRead(bed),
  ]
}

/** The figures of some bytes that passed a server: MB/s, and what a GiB took its processes. */
export function transferFigures(bytes: number, { seconds, cpu }: { seconds: number; cpu?: number }): Figures {
  return {
    [MB_PER_S]: bytes / BYTES_PER_MB / seconds,
    ...(cpu === undefined ? {} : { [CPU]: cpu / (bytes / BYTES_PER_GIB) }),
  }
}

/** landwaiter runs the registry itself here, and may read its files. */
function directRead(bed: TestBed): Workload {
  let started: Promise<Server> | undefined
  const own = async (server: Server) => {
    if (server.name !== 'landwaiter') return server
    started ??= startRunning(bed.scope, bed.setting, bed.storage)
    return started
  }
  return {
    name: 'blob GET, direct read',
    metrics: [{ name: MB_PER_S, target: '≥ 1.25' }, { name: CPU }],
    prepare: async server => checkDigest(bed, await own(server)),
    run: async server => download(bed, await own(server), 1),
  }
}

async function download(bed: TestBed, { registry }: Server, count: number): Promise<Figures> {
  const { blob } = bed.contents
  const get = () => curl(blobUrl(bed, registry.url), bearer(bed))
  const { result, cost } = await withCost(registry.pids, () =>
    Promise.all(Array.from({ length: count }, get)),
  )
  for (const { bytesDown } of result) {
    if (bytesDown !== blob.size) throw new Error(`${bytesDown} bytes instead of ${blob.size}`)
  }
  const seconds = Math.max(...result.map(each => each.seconds))
  if (registry.pids.length === 0) return transferFigures(blob.size * count, { seconds })
  return {
    ...transferFigures(blob.size * count, { seconds, cpu: cost.cpuSeconds }),
    [RESIDENT]: cost.residentMib,
  }
}

async function checkDigest(bed: TestBed, { name, registry }: Server): Promise<void> {
  const { digest } = bed.contents.blob
  const file = join(bed.directory, 'downloaded')
  await curl(blobUrl(bed, registry.url), bearer(bed), file)
  const { stdout } = await runCommand('sha256sum', [file])
  if (!digest.endsWith(stdout.split(' ')[0] ?? ''))
    throw new Error(`${name}: the blob is not what was pushed`)
}

/** Of the large blob, where `url` is that of a server. */
export function blobUrl({ contents: { repository, blob } }: TestBed, url: string): string {
  return `${url}/v2/${repository}/blobs/${blob.digest}`
}

/** Arguments for curl that carry the token. */
export function bearer({ token }: TestBed): readonly string[] {
  return ['--header', `Authorization: Bearer ${token}`]
}

function onceForEach(work: (server: Server) => Promise<void>): (server: Server) => Promise<void> {
  const done = new Map<Server, Promise<void>>()
  return server => {
    const known = done.get(server) ?? work(server)
    done.set(server, known)
    return known
  }
}
