import type { Terminal } from './terminal.ts'

const BAR_CHARS = 30
const REDRAW_MS = 100
const CLEAR_LINE = '\r\u001b[K'

/** A bar on standard error that is there while something long goes on; nothing when that is no terminal. */
export interface ProgressBar {
  readonly show: (done: number, total: number) => void
  /** Takes the bar away. */
  readonly end: () => void
}

/** A bar behind `title`. */
export function createProgressBar(title: string, { isTty, complain }: Terminal): ProgressBar {
  if (!isTty) return { show: () => {}, end: () => {} }
  let drawnAt = performance.now()
  let isDrawn = false
  return {
    show: (done, total) => {
      if (performance.now() - drawnAt < REDRAW_MS) return
      drawnAt = performance.now()
      isDrawn = true
      complain(`${CLEAR_LINE}${title} ${barOf(total === 0 ? 1 : done / total)}`)
    },
    end: () => {
      if (isDrawn) complain(CLEAR_LINE)
    },
  }
}

function barOf(share: number): string {
  const filled = Math.floor(Math.min(1, share) * BAR_CHARS)
  const percent = `${Math.floor(Math.min(1, share) * 100)}%`
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_CHARS - filled)}] ${percent}`
}
