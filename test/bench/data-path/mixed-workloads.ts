import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { CURL_ALWAYS } from './curl.ts'
import { bearer, blobUrl } from './download-blob.ts'
import type { Server } from './server.ts'
import { smallLoad } from './small-load.ts'
import { manifestRequest } from './small-workloads.ts'
import type { TestBed } from './test-bed.ts'
import type { Figures, Workload } from './workload.ts'

const DOWNLOADS = 8
/** More than any machine gets through before they are ended. */
const TIMES_EACH = 200
const UNTIL_UNDERWAY_MS = 500
const LOAD = { connections: 4, seconds: 3 }

/** What small requests wait for beside downloads that take all they can get, which are told too. */
export function mixedWorkloads(bed: TestBed): readonly Workload[] {
  return [
    {
      name: `manifest by digest beside ${DOWNLOADS} downloads`,
      metrics: [{ name: 'p50 ms' }, { name: 'p99 ms', target: '≤ 0.5' }, { name: 'downloads MB/s' }],
      run: server => ask(bed, server),
    },
  ]
}

async function ask(bed: TestBed, { registry }: Server): Promise<Figures> {
  const url = blobUrl(bed, registry.url)
  const downloads = Array.from({ length: DOWNLOADS }, () => keepDownloading(bed, url))
  try {
    await sleep(UNTIL_UNDERWAY_MS)
    const before = writtenBytes(downloads)
    const { seconds, p50Ms, p99Ms } = await smallLoad(registry, [manifestRequest(bed, 'digest')], LOAD)
    const bytes = writtenBytes(downloads) - before
    return { 'p50 ms': p50Ms, 'p99 ms': p99Ms, 'downloads MB/s': bytes / 1e6 / seconds }
  } finally {
    await Promise.all(downloads.map(end))
  }
}

function keepDownloading(bed: TestBed, url: string): ChildProcess {
  const args = [...CURL_ALWAYS, '--fail', ...bearer(bed), ...Array.from({ length: TIMES_EACH }, () => url)]
  return spawn('curl', args, { stdio: 'ignore' })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) throw new Error(`curl ended before it was told to, with ${child.exitCode}`)
  const exit = once(child, 'exit')
  child.kill()
  await exit
}

/** What the processes have written so far, each to /dev/null. */
function writtenBytes(children: readonly ChildProcess[]): number {
  return children.reduce((sum, { pid }) => {
    const [, bytes] = /^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8')) ?? []
    return sum + Number(bytes)
  }, 0)
}
