import type { Log } from '../model/ports.ts'

const PAUSE_MS = 60_000

/** Whether a disk is fit to be used. */
export interface DiskTrouble {
  /** Nothing is tried for a minute after trouble. */
  isUsable(): boolean
  /** Warns once, until the disk has been of use again. */
  report(error: unknown): undefined
  cleared(): void
}

/** `countFault` is called for each trouble. */
export function createDiskTrouble(options: {
  readonly dir: string
  readonly log: Log
  readonly countFault: () => void
}): DiskTrouble {
  const { dir, log, countFault } = options
  let pausedUntil = 0
  let isTroubled = false
  return {
    isUsable: () => performance.now() >= pausedUntil,
    report: error => {
      countFault()
      pausedUntil = performance.now() + PAUSE_MS
      if (!isTroubled) log.warn('the disk cache cannot be used; blobs pass through meanwhile', { dir, error })
      isTroubled = true
      return undefined
    },
    cleared: () => {
      if (isTroubled) log.info('the disk cache is in use again', { dir })
      isTroubled = false
    },
  }
}
