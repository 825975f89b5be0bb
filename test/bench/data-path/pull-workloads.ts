import { join } from 'node:path'
import { basic } from '../../support/landwaiter.ts'
import { runCommand } from '../../support/run-command.ts'
import { tokenPath } from './landwaiter-config.ts'
import { median } from './median.ts'
import type { PullOrder } from './pull-process.ts'
import type { Server } from './server.ts'
import type { TestBed } from './test-bed.ts'
import { withCost } from './with-cost.ts'
import type { Figures, Workload } from './workload.ts'

const PULLS = 8
const WARM_UP_PULLS = 2

/** Whole pulls; in front of the registry alone and of the other proxies, landwaiter is the realm that tokens are from. */
export function pullWorkloads(bed: TestBed): readonly Workload[] {
  return [
    {
      name: `pull of ${bed.contents.image.layers.length} layers`,
      metrics: [{ name: 's' }, { name: 'CPU s/pull' }],
      run: server => pull(bed, server),
    },
  ]
}

async function pull(bed: TestBed, { registry }: Server): Promise<Figures> {
  const { repository, image } = bed.contents
  const order: PullOrder = {
    url: registry.url,
    tokenUrl: `${bed.realm}${tokenPath(`repository:${repository}:pull`)}`,
    authorization: basic('admin'),
    repository,
    tag: image.tag,
    mediaType: image.mediaType,
    pulls: WARM_UP_PULLS + PULLS,
  }
  const args = [join(import.meta.dirname, 'pull-process.ts'), JSON.stringify(order)]
  const { result, cost } = await withCost(registry.pids, () => runCommand(process.execPath, args))
  if (result.code !== 0) throw new Error(`pull from ${registry.url}: ${result.stderr}`)
  const seconds: readonly number[] = JSON.parse(result.stdout)
  const figures = { s: median(seconds.slice(WARM_UP_PULLS)) }
  return registry.pids.length === 0 ? figures : { ...figures, 'CPU s/pull': cost.cpuSeconds / seconds.length }
}
