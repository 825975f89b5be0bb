/** How far the log is from being written. */
export interface Outage {
  /** Why lines cannot be written or will soon not be; `undefined` while all is well. */
  reason(): string | undefined
  /** True while writes fail. */
  isFailing(): boolean
  /** True when pulls have gone on without written lines for as long as they may. */
  isGraceOver(): boolean
  /** A write failed. True when the one before had not. */
  began(reason: string): boolean
  /**
   * What a line is to tell of the outage that goes on: since when, ms since the epoch, how many lines are lost, why.
   * Until `told` or `began` no line need be lost: it would not be in that number.
   */
  tell(): { readonly sinceMs: number; readonly lost: number; readonly reason: string } | undefined
  isBeingTold(): boolean
  /** A line in the log tells of `lost` lines. */
  told(lost: number): void
  /** Writes succeed again. False when more lines were lost than the log tells of: it goes on until it tells of them. */
  ended(): boolean
  /** The room that was kept free has been given up; `undefined` once it is back. */
  setShort(reason: string | undefined): void
  /** One more line that will never be written. */
  lose(): void
  /** Lines lost that no line in the log tells of. */
  untold(): number
  /** Lines lost since the start of the process. */
  lostLines(): number
}

/** `graceMs`: how long pulls go on during an outage. */
export function createOutage({
  graceMs,
  clock,
  monotonic,
}: {
  readonly graceMs: number
  readonly clock: () => number
  readonly monotonic: () => number
}): Outage {
  let failing: { readonly reason: string; readonly sinceMs: number; readonly from: number } | undefined
  let short: string | undefined
  let isBeingTold = false
  let untold = 0
  let toldLines = 0
  return {
    reason: () => failing?.reason ?? short,
    isFailing: () => failing !== undefined,
    isGraceOver: () => failing !== undefined && monotonic() - failing.from >= graceMs,
    began: reason => {
      const isNew = failing === undefined
      isBeingTold = false
      failing = { sinceMs: clock(), from: monotonic(), ...failing, reason }
      return isNew
    },
    tell: () => {
      isBeingTold = failing !== undefined
      return failing && { sinceMs: failing.sinceMs, lost: untold, reason: failing.reason }
    },
    isBeingTold: () => isBeingTold,
    told: lost => {
      isBeingTold = false
      toldLines += lost
      untold -= lost
    },
    ended: () => {
      if (untold === 0) failing = undefined
      return untold === 0
    },
    setShort: reason => {
      short = reason
    },
    lose: () => {
      untold += 1
    },
    untold: () => untold,
    lostLines: () => toldLines + untold,
  }
}
