import { escapeControls } from '../ops/escape-controls.ts'
import { cutText } from './cut-text.ts'

/** One bar. */
export interface Bar {
  readonly name: string
  readonly value: number
  /** The value in words. */
  readonly label: string
  /** What stands behind the bar. */
  readonly note?: string
  /** Colour of the bar, as SGR parameter. */
  readonly colour?: string
}

export interface ChartOptions {
  /** Characters of a row. */
  readonly width: number
  readonly isColoured: boolean
  readonly isUnicode: boolean
}

const GAP = '  '
const LEAST_BAR = 8
const MOST_BAR = 60
const NAME_SHARE = 0.4
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const DEFAULT_COLOUR = '36'

/** A row for each bar: name, value, bar, note; every row as wide as the others. Names come out escaped. */
export function barChart(bars: readonly Bar[], options: ChartOptions): readonly string[] {
  const longestName = Math.max(LEAST_BAR, Math.floor(options.width * NAME_SHARE))
  const names = bars.map(({ name }) =>
    cutText(escapeControls(name), { width: longestName, isUnicode: options.isUnicode }),
  )
  const nameWidth = widest(names)
  const labelWidth = widest(bars.map(({ label }) => label))
  const noteWidth = widest(bars.map(({ note }) => note ?? ''))
  const taken = nameWidth + labelWidth + 2 * GAP.length + (noteWidth === 0 ? 0 : noteWidth + GAP.length)
  const barWidth = Math.min(MOST_BAR, Math.max(LEAST_BAR, options.width - taken))
  const longest = Math.max(1, ...bars.map(({ value }) => value))
  return bars.map(({ value, label, note = '', colour = DEFAULT_COLOUR }, at) => {
    const bar = drawBar((value / longest) * barWidth, options).padEnd(barWidth)
    const painted = options.isColoured ? `\u001b[${colour}m${bar}\u001b[0m` : bar
    const cells = [(names[at] ?? '').padEnd(nameWidth), label.padStart(labelWidth), painted]
    return [...cells, ...(noteWidth === 0 ? [] : [note.padStart(noteWidth)])].join(GAP)
  })
}

/** Whatever is more than nothing can be seen. */
function drawBar(length: number, { isUnicode }: ChartOptions): string {
  if (length <= 0) return ''
  if (!isUnicode) return '#'.repeat(Math.max(1, Math.round(length)))
  const eighths = Math.max(1, Math.round(length * 8))
  return `${'█'.repeat(Math.floor(eighths / 8))}${EIGHTHS[eighths % 8] ?? ''}`
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(text => text.length))
}
