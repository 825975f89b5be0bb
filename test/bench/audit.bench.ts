import { writeFile } from 'node:fs/promises'
import type { Scope } from '../support/scope.ts'
import { AUDIT_SETTINGS, type AuditDoor, type AuditSettingName, startAuditDoor } from './audit/audit-door.ts'
import { auditWorkloads } from './audit/audit-workloads.ts'
import { writerWorkload } from './audit/writer-workload.ts'
import { buildProgram } from './data-path/build-program.ts'
import { pushContents } from './data-path/contents.ts'
import { describeMachine, machineText } from './data-path/describe-machine.ts'
import { fetchToken } from './data-path/fetch-token.ts'
import type { MetricResult } from './data-path/run-rounds.ts'
import { runWorkloads } from './data-path/run-workloads.ts'
import { startBenchRegistry } from './data-path/start-bench-registry.ts'
import { formatFigure } from './format-figure.ts'
import { markdownTable } from './markdown-table.ts'
import type { ReportOptions } from './report-options.ts'
import { withScope } from './with-scope.ts'

const ROUNDS = 5
const BLOB_MIB = 256
const REPOSITORY = 'bench/app'
const NAMES = Object.keys(AUDIT_SETTINGS) as AuditSettingName[]

const NOTES = `off omits every action; on is the default: a chain, and a sync each second; unchained is on without the chain;
always syncs before anybody is answered. Wanted of on / off: 0.97 for blobs, 0.9 for warm manifests; of always / off:
0.8 with 64 clients.
`

/** `npm run bench -- audit`: what the audit log costs, each of its settings in a landwaiter of its own, in turns. */
export function report(options: ReportOptions): Promise<string> {
  return withScope(scope => compare(scope, options))
}

async function compare(scope: Scope, options: ReportOptions): Promise<string> {
  const { only = '', json, rounds = ROUNDS, mib = BLOB_MIB } = options
  await buildProgram()
  const { registry, setting } = await startBenchRegistry(scope)
  const doors: AuditDoor[] = []
  for (const name of NAMES) doors.push(await startAuditDoor(scope, name, setting))
  const token = await fetchToken(doors[0]?.door.url ?? '', REPOSITORY)
  const contents = await pushContents({ url: registry.upstream, token, repository: REPOSITORY }, mib)
  const machine = describeMachine([{ version: `landwaiter on Node ${process.versions.node}` }])
  const workloads = [...auditWorkloads({ contents, token }), writerWorkload()]
  const { results, failures } = await runWorkloads(workloads, { servers: doors, rounds, only })
  if (json !== undefined) {
    await writeFile(json, `${JSON.stringify({ machine, workloads: results }, null, 2)}\n`)
  }
  const rule = `medians of ${rounds} rounds, large blobs of ${mib} MiB`
  return [`${machineText(machine)}\n${rule}\n${NOTES}`, table(results), ...failures].join('\n')
}

function table(results: readonly MetricResult[]): string {
  return markdownTable([
    ['workload', 'metric', ...NAMES, 'on / off', 'always / off'],
    ...results.map(({ workload, metric, medians }) => {
      const { off, on, always } = medians
      const figures = [...NAMES.map(name => medians[name]), ratio(on, off), ratio(always, off)]
      return [workload, metric, ...figures.map(formatFigure)]
    }),
  ])
}

function ratio(figure: number | undefined, other: number | undefined): number | undefined {
  return figure === undefined || other === undefined ? undefined : figure / other
}
