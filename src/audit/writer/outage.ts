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
  /** Writes succeed again; what was lost is forgotten. */
  ended(): void
  /** The room that was kept free has been given up; `undefined` once it is back. */
  setShort(reason: string | undefined): void
  /** One more line that will never be written. */
  lose(): void
  /** Of the outage that goes on: when it began, ms since the epoch, and how many lines are lost. */
  current(): { readonly sinceMs: number; readonly lost: number; readonly reason: string } | undefined
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
  let lost = 0
  let lostBefore = 0
  return {
    reason: () => failing?.reason ?? short,
    isFailing: () => failing !== undefined,
    isGraceOver: () => failing !== undefined && monotonic() - failing.from >= graceMs,
    began: reason => {
      const isNew = failing === undefined
      failing = { sinceMs: clock(), from: monotonic(), ...failing, reason }
      return isNew
    },
    ended: () => {
      failing = undefined
      lostBefore += lost
      lost = 0
    },
    setShort: reason => {
      short = reason
    },
    lose: () => {
      lost += 1
    },
    current: () => failing && { sinceMs: failing.sinceMs, lost, reason: failing.reason },
    lostLines: () => lostBefore + lost,
  }
}
