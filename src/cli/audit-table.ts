import { escapeControls } from '../ops/escape-controls.ts'
import type { AuditRow } from './audit-row.ts'
import { cutText } from './cut-text.ts'
import { wrapText } from './wrap-text.ts'

export interface TableOptions {
  /** Width of the terminal; without one every row has its day, and nothing is cut. */
  readonly columns: number | undefined
  readonly isColoured: boolean
  /** Characters other than ASCII may be drawn. */
  readonly isUnicode: boolean
  /** What a row is: a line of the log, or the pull of an image. */
  readonly view: 'lines' | 'images'
}

type Name = Exclude<keyof AuditRow, 'day' | 'reason'>

interface Column {
  readonly name: Name
  readonly title: string
  readonly isRight?: true
  /** On a terminal narrower than this the column is left out. */
  readonly from: number
}

const COLUMNS: Readonly<Record<TableOptions['view'], readonly Column[]>> = {
  lines: [
    { name: 'time', title: 'TIME', from: 0 },
    { name: 'who', title: 'WHO', from: 0 },
    { name: 'action', title: 'ACTION', from: 0 },
    { name: 'what', title: 'WHAT', from: 0 },
    { name: 'outcome', title: 'OUTCOME', from: 0 },
    { name: 'client', title: 'CLIENT', from: 80 },
    { name: 'size', title: 'SIZE', from: 96, isRight: true },
  ],
  images: [
    { name: 'time', title: 'TIME', from: 0 },
    { name: 'who', title: 'WHO', from: 0 },
    { name: 'what', title: 'IMAGE', from: 0 },
    { name: 'outcome', title: 'OUTCOME', from: 0 },
    { name: 'client', title: 'CLIENT', from: 80 },
    { name: 'blobs', title: 'BLOBS', from: 90, isRight: true },
    { name: 'size', title: 'SENT', from: 0, isRight: true },
    { name: 'took', title: 'TOOK', from: 70, isRight: true },
  ],
}
/** Longest cells, as a part of the terminal's width. */
const WHO_SHARE = 0.16
const WHAT_SHARE = 0.36
const LEAST_WIDTH = 10
const GAP = '  '
const REASON_INDENT = '    '
const COLOURS: ReadonlyMap<string, string> = new Map([
  ['success', '32'],
  ['denied', '31'],
  ['failed', '33'],
  ['aborted', '35'],
  ['limited', '35'],
])

/** A table that is written while it is read: columns grow with what comes and never shrink. */
export interface AuditTable {
  /** The lines of these rows; the first ones come with the titles. */
  readonly format: (rows: readonly AuditRow[]) => string
}

interface State {
  readonly options: TableOptions
  readonly columns: readonly Column[]
  readonly widths: Map<Name, number>
  day: string
  hasTitles: boolean
}

/** A table of records. On a terminal a day is said once, above its rows. Whatever a row holds comes out escaped. */
export function createAuditTable(options: TableOptions): AuditTable {
  const width = options.columns ?? Number.POSITIVE_INFINITY
  const columns = COLUMNS[options.view].filter(({ from }) => width >= from)
  const state: State = {
    options,
    columns,
    widths: new Map(columns.map(({ name, title }) => [name, title.length])),
    day: '',
    hasTitles: false,
  }
  return { format: rows => format(state, rows) }
}

function format(state: State, rows: readonly AuditRow[]): string {
  const cells = rows.map(row => cellsOf(row, state))
  for (const row of cells) widen(state, row)
  const lines = cells.flatMap(row => [...headingOf(state, row), lineOf(state, row)])
  if (state.hasTitles || rows.length === 0) return lines.join('')
  state.hasTitles = true
  return `${titlesOf(state)}${lines.join('')}`
}

function cellsOf(row: AuditRow, { options: { columns, isUnicode } }: State): AuditRow {
  const safe = Object.fromEntries(
    Object.entries(row).map(([name, text]: [string, string]) => [name, escapeControls(text)]),
  ) as unknown as AuditRow
  if (columns === undefined) return { ...safe, time: `${safe.day} ${safe.time}` }
  const cut = (text: string, share: number) =>
    cutText(text, { width: Math.max(LEAST_WIDTH, Math.floor(columns * share)), isUnicode })
  return { ...safe, who: cut(safe.who, WHO_SHARE), what: cut(safe.what, WHAT_SHARE) }
}

function widen({ columns, widths }: State, cells: AuditRow): void {
  for (const { name } of columns)
    widths.set(name, Math.max(widths.get(name) ?? 0, (cells[name] ?? '').length))
}

function headingOf(state: State, { day }: AuditRow): readonly string[] {
  if (state.options.columns === undefined || day === state.day) return []
  state.day = day
  return [`${paint(state, '1', day)}\n`]
}

function titlesOf(state: State): string {
  const titles = state.columns.map(({ name, title, isRight }) =>
    padded(state, { name, text: title, isRight }),
  )
  return `${paint(state, '2', [...titles, 'REASON'].join(GAP))}\n`
}

/** The reason stands at the end where it fits, else below. */
function lineOf(state: State, cells: AuditRow): string {
  const row = state.columns.map(({ name, isRight }) =>
    padded(state, { name, text: cells[name] ?? '', isRight }),
  )
  const width = row.reduce((sum, cell) => sum + cell.length + GAP.length, 0)
  const text = state.columns.map(({ name }, at) => coloured(state, name, row[at] ?? '')).join(GAP)
  const { reason } = cells
  if (reason === '') return `${text.trimEnd()}\n`
  const { columns } = state.options
  if (columns === undefined || width + reason.length <= columns) return `${text}${GAP}${reason}\n`
  const indent = REASON_INDENT.length
  return `${text.trimEnd()}\n${REASON_INDENT}${wrapText(reason, { indent, columns })}\n`
}

function padded(
  { widths }: State,
  { name, text, isRight }: { readonly name: Name; readonly text: string; readonly isRight: true | undefined },
): string {
  const width = widths.get(name) ?? 0
  return isRight === true ? text.padStart(width) : text.padEnd(width)
}

function coloured(state: State, name: Name, text: string): string {
  const colour = name === 'outcome' ? COLOURS.get(text.split(' ')[0] ?? '') : undefined
  return colour === undefined ? text : paint(state, colour, text)
}

function paint({ options }: State, code: string, text: string): string {
  return options.isColoured ? `\u001b[${code}m${text}\u001b[0m` : text
}
