import { type StatsListener, unwatchFile, watchFile } from 'node:fs'

/** A running watch over files; changes seen before `start` are reported by it. */
export interface FileWatch {
  start(changed: () => void): void
  close(): void
}

/**
 * Polls the files every `pollMs` and reports one change when they have been quiet for as long, so that a
 * certificate and a key written one after the other count as one. Polling sees a renaming writer and a swapped
 * symbolic link alike; fs.watch loses a file at its first rename.
 */
export function watchFiles(files: readonly string[], pollMs: number): FileWatch {
  const unique = new Set(files)
  let report: (() => void) | undefined
  let pending = false
  let settle: NodeJS.Timeout | undefined
  const schedule = () => {
    pending = true
    clearTimeout(settle)
    if (report !== undefined) settle = setTimeout(report, pollMs).unref()
  }
  const listener: StatsListener = () => schedule()
  for (const file of unique) watchFile(file, { interval: pollMs, persistent: false }, listener)
  return {
    start(changed) {
      report = () => {
        pending = false
        changed()
      }
      if (pending) schedule()
    },
    close() {
      clearTimeout(settle)
      for (const file of unique) unwatchFile(file, listener)
    },
  }
}
