import { join } from 'node:path'
import { runCommand } from '../../support/run-command.ts'
import { curl } from './curl.ts'
import { bearer, blobUrl, downloadBlob } from './download-blob.ts'
import type { Server } from './server.ts'
import { startRunning } from './start-server.ts'
import type { TestBed } from './test-bed.ts'
import type { Metric, Workload } from './workload.ts'

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
      run: ({ registry }: Server) => downloadBlob(bed, registry, count),
    })),
    directRead(bed),
  ]
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
    run: async server => downloadBlob(bed, (await own(server)).registry, 1),
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

function onceForEach(work: (server: Server) => Promise<void>): (server: Server) => Promise<void> {
  const done = new Map<Server, Promise<void>>()
  return server => {
    const known = done.get(server) ?? work(server)
    done.set(server, known)
    return known
  }
}
