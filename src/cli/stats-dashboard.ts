import { fillTimes } from '../audit/reading/fill-times.ts'
import type { Group } from '../audit/reading/tally-records.ts'
import { type Bar, barChart, type ChartOptions } from './bar-chart.ts'
import { countOf, formatBytes, formatCount } from './format-amount.ts'
import { sparkline } from './sparkline.ts'

/** What the dashboard shows; groups in any order. */
export interface StatsSummary {
  readonly lines: number
  /** `2026-11-24 00:00`, UTC; absent without a line. */
  readonly from?: string
  readonly to?: string
  readonly actions: readonly Group[]
  readonly outcomes: readonly Group[]
  readonly repositories: readonly Group[]
  readonly actors: readonly Group[]
  readonly pullsByHour: readonly Group[]
}

/** From this width on two charts stand side by side. */
const TWO_COLUMNS = 100
/** Characters of the sparkline. */
const MOST_PER_HOUR = 3
const BETWEEN = '    '
const OUTCOME_COLOURS: ReadonlyMap<string, string> = new Map([
  ['success', '32'],
  ['denied', '31'],
  ['failed', '33'],
  ['aborted', '35'],
  ['limited', '35'],
])

/** The bars of the largest groups, most lines first. */
export function barsOf(groups: readonly Group[], count: number): readonly Bar[] {
  const largest = groups.toSorted((a, b) => b.lines - a.lines || (a.name < b.name ? -1 : 1))
  return largest.slice(0, count).map(barOf)
}

/** The bar of a group: its lines, and what it sent. */
export function barOf({ name, lines, bytesOut }: Group): Bar {
  const colour = OUTCOME_COLOURS.get(name)
  return {
    name,
    value: lines,
    label: formatCount(lines),
    ...(bytesOut > 0 && { note: formatBytes(bytesOut) }),
    ...(colour !== undefined && { colour }),
  }
}

/** The whole dashboard, in two columns where they fit. */
export function statsDashboard(
  summary: StatsSummary,
  { top, ...options }: ChartOptions & { readonly top: number },
): string {
  const isWide = options.width >= TWO_COLUMNS
  const width = isWide ? Math.floor((options.width - BETWEEN.length) / 2) : options.width
  const chart = (title: string, groups: readonly Group[]): Section => ({
    title,
    rows: barChart(barsOf(groups, top), { ...options, width }),
  })
  const pairs = [
    [chart('OPERATIONS', summary.actions), chart('OUTCOMES', summary.outcomes)],
    [chart('REPOSITORIES', summary.repositories), chart('USERS', summary.actors)],
  ] as const
  const blocks = pairs.flatMap(([left, right]) =>
    isWide
      ? [besides(left, right, { ...options, width })]
      : [stacked(left, options), stacked(right, options)],
  )
  return [titleOf(summary), ...blocks, hoursOf(summary, options)].filter(block => block !== '').join('\n')
}

interface Section {
  readonly title: string
  readonly rows: readonly string[]
}

function titleOf({ lines, from, to }: StatsSummary): string {
  const span = from === undefined ? '' : `, ${from} to ${to} UTC`
  return `${countOf(lines, 'line')}${span}\n`
}

function stacked({ title, rows }: Section, options: ChartOptions): string {
  if (rows.length === 0) return ''
  return `${heading(title, options)}\n${rows.map(row => `${row.trimEnd()}\n`).join('')}`
}

function besides(left: Section, right: Section, options: ChartOptions): string {
  const count = Math.max(left.rows.length, right.rows.length)
  if (count === 0) return ''
  const blank = ' '.repeat(options.width)
  const rows = Array.from({ length: count }, (_, at) => {
    const row = `${padVisible(left.rows[at] ?? blank, options.width)}${BETWEEN}${right.rows[at] ?? ''}`
    return `${row.trimEnd()}\n`
  })
  const titles = `${heading(left.title.padEnd(options.width), options)}${BETWEEN}${heading(right.title, options)}`
  return `${titles}\n${rows.join('')}`
}

/** Rows of a chart may be narrower than its place, and colours take none. */
function padVisible(row: string, width: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are our own colours
  const visible = row.replace(/\u001b\[\d+m/g, '').length
  return row + ' '.repeat(Math.max(0, width - visible))
}

function heading(title: string, { isColoured }: ChartOptions): string {
  return isColoured ? `\u001b[1m${title}\u001b[0m` : title
}

function hoursOf({ pullsByHour }: StatsSummary, options: ChartOptions): string {
  const hours = fillTimes(pullsByHour, { by: 'hour', count: options.width })
  const [first, last] = [hours[0], hours.at(-1)]
  if (first === undefined || last === undefined) return ''
  const peak = hours.reduce((most, hour) => (hour.lines > most.lines ? hour : most))
  // A few hours alone would be a few characters.
  const wide = Math.min(MOST_PER_HOUR, Math.max(1, Math.floor(options.width / hours.length)))
  const line = sparkline(
    hours.flatMap(({ lines }) => Array.from({ length: wide }, () => lines)),
    options,
  )
  const painted = options.isColoured ? `\u001b[36m${line}\u001b[0m` : line
  const told = `${first.name} to ${last.name} UTC, most at ${peak.name}: ${formatCount(peak.lines)}`
  return `${heading('PULLS PER HOUR', options)}\n${painted}\n${told}\n`
}
