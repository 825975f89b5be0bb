import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startProcess } from '../../support/background-process.ts'
import { waitFor } from '../../support/wait-for.ts'
import { residentMib } from '../process-cost.ts'
import { withScope } from '../with-scope.ts'
import type { IdleOrder } from './idle-process.ts'
import type { Door, Server } from './server.ts'
import { startServer } from './start-server.ts'
import type { TestBed } from './test-bed.ts'
import type { Figures, Workload } from './workload.ts'

const CONNECTIONS = 2_000
/** On a busy machine. */
const OPEN_MS = 300_000
const SETTLE_MS = 1_500

/** What a fresh process holds, and what connections add that have asked once and then wait. */
export function memoryWorkloads(bed: TestBed): readonly Workload[] {
  return [
    {
      name: `${CONNECTIONS} idle connections`,
      metrics: [
        { name: 'resident MiB before', target: '≤ 75 MiB' },
        { name: 'resident MiB per 1,000', target: '≤ 55 MiB' },
      ],
      servers: ['landwaiter', 'caddy', 'nginx'],
      run: server =>
        withScope(async scope => holdIdle(bed, await startServer(scope, server.name, bed.setting))),
    },
  ]
}

async function holdIdle(bed: TestBed, { registry }: Server): Promise<Figures> {
  await sleep(SETTLE_MS)
  const before = resident(registry)
  const after = await withScope(async scope => {
    const { host } = new URL(registry.url)
    const lines = ['GET /v2/ HTTP/1.1', `Host: ${host}`, `Authorization: Bearer ${bed.token}`, '', '']
    const order: IdleOrder = { port: registry.port, connections: CONNECTIONS, request: lines.join('\r\n') }
    const script = join(import.meta.dirname, 'idle-process.ts')
    const client = await startProcess(scope, [process.execPath, script, JSON.stringify(order)])
    const failed = client.exited.then(() => Promise.reject(new Error(client.output())))
    await Promise.race([waitFor('all are open', () => client.output().includes('open'), OPEN_MS), failed])
    await sleep(SETTLE_MS)
    return resident(registry)
  })
  return {
    'resident MiB before': before,
    'resident MiB per 1,000': ((after - before) / CONNECTIONS) * 1_000,
  }
}

function resident({ pids }: Door): number {
  return pids.reduce((sum, pid) => sum + residentMib(pid), 0)
}
