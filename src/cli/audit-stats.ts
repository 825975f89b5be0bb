import type { AuditRecord } from '../audit/audit-fields.ts'
import { fillTimes } from '../audit/reading/fill-times.ts'
import { GROUPINGS, type Grouping } from '../audit/reading/groupings.ts'
import { readRecords } from '../audit/reading/read-records.ts'
import { compileSelection } from '../audit/reading/select-records.ts'
import { createTally, type Group } from '../audit/reading/tally-records.ts'
import { type FilterOptions, queryOf } from './audit-options.ts'
import { findAuditLog } from './audit-place.ts'
import { barChart, type ChartOptions } from './bar-chart.ts'
import { createBrokenLines } from './broken-lines.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import { isColoured } from './is-coloured.ts'
import { isUnicode } from './is-unicode.ts'
import { barOf, barsOf, type StatsSummary, statsDashboard } from './stats-dashboard.ts'
import type { Terminal } from './terminal.ts'

export interface StatsRequest extends FilterOptions {
  readonly by?: Grouping
  /** How many of the largest groups, or of the newest hours or days. */
  readonly top?: number
  readonly output: 'text' | 'json'
}

const PIPE_WIDTH = 80
const DASHBOARD_TOP = 8
const LIST_TOP = 20

/** Adds up the records that the options choose. Exit 0. */
export async function auditStats(asked: StatsRequest, terminal: Terminal): Promise<number> {
  try {
    const { files } = await findAuditLog(asked, terminal)
    const counts = asked.by === undefined ? createDashboard(asked) : createList(asked, asked.by)
    const query = queryOf(asked)
    const broken = createBrokenLines()
    for await (const batch of readRecords(files, { ...query, select: compileSelection(query) })) {
      broken.add(batch.broken)
      for (const { record } of batch.found) counts.add(record)
    }
    const { columns = PIPE_WIDTH } = terminal
    const chart = { width: columns, isColoured: isColoured(terminal), isUnicode: isUnicode(terminal) }
    terminal.print(
      asked.output === 'json' ? `${JSON.stringify(counts.json(), null, 2)}\n` : counts.text(chart),
    )
    broken.tell(terminal)
    return EXIT.ok
  } catch (error) {
    return complainOf(error, terminal)
  }
}

interface Counts {
  readonly add: (record: AuditRecord) => void
  readonly text: (options: ChartOptions) => string
  readonly json: () => unknown
}

function createList({ top = LIST_TOP }: StatsRequest, by: Grouping): Counts {
  const tally = createTally(GROUPINGS[by])
  const groups = () =>
    by === 'hour' || by === 'day' ? fillTimes(tally.groups(), { by, count: top }) : tally.groups()
  return {
    add: tally.add,
    text: options => {
      const bars = by === 'hour' || by === 'day' ? groups().map(barOf) : barsOf(groups(), top)
      if (bars.length === 0) return 'no lines\n'
      return barChart(bars, options)
        .map(row => `${row.trimEnd()}\n`)
        .join('')
    },
    json: () => groups().map(jsonOf),
  }
}

function createDashboard({ top = DASHBOARD_TOP }: StatsRequest): Counts {
  const actions = createTally(GROUPINGS.action)
  const outcomes = createTally(GROUPINGS.outcome)
  const repositories = createTally(GROUPINGS.repository)
  const actors = createTally(GROUPINGS.actor)
  const pulls = createTally(record => (record.action === 'pull' ? GROUPINGS.hour(record) : undefined))
  const tallies = [actions, outcomes, repositories, actors, pulls]
  const span: { lines: number; from?: string; to?: string } = { lines: 0 }
  const summary = (): StatsSummary => ({
    ...span,
    actions: actions.groups(),
    outcomes: outcomes.groups(),
    repositories: repositories.groups(),
    actors: actors.groups(),
    pullsByHour: pulls.groups(),
  })
  return {
    add: record => {
      span.lines += 1
      span.from ??= minuteOf(record)
      span.to = record.time
      for (const tally of tallies) tally.add(record)
    },
    text: options => {
      const to = span.to === undefined ? {} : { to: minuteOf({ time: span.to }) }
      return statsDashboard({ ...summary(), ...to }, { ...options, top })
    },
    json: () => jsonOfSummary(summary()),
  }
}

function minuteOf({ time }: Pick<AuditRecord, 'time'>): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ')
}

function jsonOfSummary({
  lines,
  actions,
  outcomes,
  repositories,
  actors,
  pullsByHour,
}: StatsSummary): object {
  return {
    lines,
    action: actions.map(jsonOf),
    outcome: outcomes.map(jsonOf),
    repository: repositories.map(jsonOf),
    actor: actors.map(jsonOf),
    pulls_per_hour: pullsByHour.map(jsonOf),
  }
}

function jsonOf({ name, lines, bytesOut, bytesIn }: Group): object {
  return { name, lines, bytes_out: bytesOut, bytes_in: bytesIn }
}
