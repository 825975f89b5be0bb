import { formatBytes } from './format-amount.ts'
import { isUnicode } from './is-unicode.ts'
import type { Terminal } from './terminal.ts'

const BAR_CHARS = 28
const REDRAW_MS = 100
const CLEAR_LINE = '\r\u001b[K'

/** A bar on standard error that is there while something long goes on; nothing when that is no terminal. */
export interface ProgressBar {
  /** Bytes. */
  readonly show: (done: number, total: number) => void
  /** Takes the bar away. */
  readonly end: () => void
}

/** A bar behind `title`, with how fast it goes and how long it still takes. */
export function createProgressBar(title: string, terminal: Terminal): ProgressBar {
  if (!terminal.isTty) return { show: () => {}, end: () => {} }
  const start = performance.now()
  let drawnAt = start
  let isDrawn = false
  return {
    show: (done, total) => {
      const now = performance.now()
      if (now - drawnAt < REDRAW_MS) return
      drawnAt = now
      isDrawn = true
      // The log may grow while it is read.
      const share = total === 0 ? 1 : Math.min(1, done / total)
      const speed = speedOf({ done, total, ms: now - start })
      terminal.complain(`${CLEAR_LINE}${title} ${barOf(share, isUnicode(terminal))}  ${speed}`)
    },
    end: () => {
      if (isDrawn) terminal.complain(CLEAR_LINE)
    },
  }
}

function barOf(share: number, isDrawable: boolean): string {
  const [mark, space] = isDrawable ? ['█', '░'] : ['#', '.']
  const filled = Math.floor(share * BAR_CHARS)
  const percent = `${Math.floor(share * 100)}%`
  return `${mark.repeat(filled)}${space.repeat(BAR_CHARS - filled)} ${percent.padStart(4)}`
}

interface Pace {
  readonly done: number
  readonly total: number
  readonly ms: number
}

function speedOf({ done, total, ms }: Pace): string {
  const bytesPerSecond = (done / Math.max(1, ms)) * 1_000
  const secondsLeft = Math.ceil(Math.max(0, total - done) / Math.max(1, bytesPerSecond))
  return `${formatBytes(bytesPerSecond)}/s, ${secondsLeft} s left`
}
