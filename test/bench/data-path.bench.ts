import { writeFile } from 'node:fs/promises'
import type { Scope } from '../support/scope.ts'
import { blobWorkloads } from './data-path/blob-workloads.ts'
import { buildProgram } from './data-path/build-program.ts'
import { describeMachine, machineText } from './data-path/describe-machine.ts'
import { handshakeWorkloads } from './data-path/handshake-workloads.ts'
import { memoryWorkloads } from './data-path/memory-workloads.ts'
import { mixedWorkloads } from './data-path/mixed-workloads.ts'
import { pullWorkloads } from './data-path/pull-workloads.ts'
import type { MetricResult } from './data-path/run-rounds.ts'
import { runWorkloads } from './data-path/run-workloads.ts'
import { smallWorkloads } from './data-path/small-workloads.ts'
import { findCaddy } from './data-path/start-caddy.ts'
import { findNginx } from './data-path/start-nginx.ts'
import { startTestBed, type TestBed } from './data-path/test-bed.ts'
import { tokenWorkloads } from './data-path/token-workloads.ts'
import { uploadWorkloads } from './data-path/upload-workloads.ts'
import type { Workload } from './data-path/workload.ts'
import { formatFigure } from './format-figure.ts'
import { markdownTable } from './markdown-table.ts'
import { missingPackages } from './missing-packages.ts'
import type { ReportOptions } from './report-options.ts'
import { withScope } from './with-scope.ts'

const ROUNDS = 5
const BLOB_MIB = 256

const NOTES = `direct is the registry or the sink over plain HTTP; for tokens it is bcryptjs in a loop, in one thread, and
the ratio is to it. CPU and memory are those of the proxy's processes. nginx has proxy_buffering on with large buffers,
which is better for it here. A target with a unit is for landwaiter's figure itself, the others are for the ratio.
`

/**
 * `npm run bench -- data-path`: landwaiter beside Caddy and nginx in front of the same registry, all with TLS 1.3 and
 * the same certificate, in turns. `--only` takes the workload of that name, or all that have a text in theirs.
 */
export async function report(options: ReportOptions): Promise<string> {
  const needed = {
    openssl: 'openssl',
    curl: 'curl',
    ...(findCaddy() === undefined ? { caddy: 'caddy' } : {}),
    ...(findNginx() === undefined ? { nginx: 'nginx-light' } : {}),
  }
  return (await missingPackages(needed)) ?? withScope(scope => compare(scope, options))
}

async function compare(scope: Scope, options: ReportOptions): Promise<string> {
  const { only = '', json, rounds = ROUNDS, mib = BLOB_MIB } = options
  await buildProgram()
  const bed = await startTestBed(scope, mib)
  const machine = describeMachine(bed.servers)
  const { results, failures } = await runWorkloads(workloadsOf(bed), { servers: bed.servers, rounds, only })
  if (json !== undefined) {
    await writeFile(json, `${JSON.stringify({ machine, workloads: results.map(asJson) }, null, 2)}\n`)
  }
  return [
    `${machineText(machine)}\nmedians of ${rounds} rounds, large blobs of ${mib} MiB; ratio = landwaiter / Caddy\n${NOTES}`,
    table(results),
    ...failures,
  ].join('\n')
}

function workloadsOf(bed: TestBed): readonly Workload[] {
  return [
    ...memoryWorkloads(bed),
    ...blobWorkloads(bed),
    ...uploadWorkloads(bed),
    ...smallWorkloads(bed),
    ...mixedWorkloads(bed),
    ...pullWorkloads(bed),
    ...handshakeWorkloads(),
    ...tokenWorkloads(bed),
  ]
}

function asJson(result: MetricResult) {
  const { landwaiter = null, caddy = null, nginx = null, direct = null } = result.medians
  const ratio = ratioOf(result) ?? null
  return { name: result.workload, metric: result.metric, landwaiter, caddy, nginx, direct, ratio }
}

function ratioOf({ medians, against = 'caddy' }: MetricResult): number | undefined {
  const { landwaiter, [against]: other } = medians
  return landwaiter === undefined || other === undefined ? undefined : landwaiter / other
}

function table(results: readonly MetricResult[]): string {
  return markdownTable([
    ['workload', 'metric', 'landwaiter', 'Caddy', 'nginx', 'direct', 'ratio', 'target'],
    ...results.map(result => {
      const { landwaiter, caddy, nginx, direct } = result.medians
      const figures = [landwaiter, caddy, nginx, direct, ratioOf(result)].map(formatFigure)
      return [result.workload, result.metric, ...figures, result.target ?? '']
    }),
  ])
}
