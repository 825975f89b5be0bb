import type { Fault, Spot } from './fault.ts'

/** A line, by its number and time (RFC 3339). */
export interface LineMark {
  readonly seq: number
  readonly time: string
}

/** Lines that were lost, as an `audit.gap` tells. */
export interface DeclaredGap extends Spot {
  /** Lines. */
  readonly count: number
  readonly reason: string | undefined
}

/** The checkpoints of one key. */
export interface KeyUse {
  readonly key: string
  readonly checkpoints: number
  readonly last: LineMark
}

/** What was found in a log. */
export interface Verification {
  readonly files: number
  readonly lines: number
  readonly first: LineMark | undefined
  readonly last: LineMark | undefined
  /** Whose lines they are. */
  readonly nodes: readonly string[]
  readonly checkpoints: readonly KeyUse[]
  /** Lines behind the last checkpoint. */
  readonly unsigned: number
  /** At most 20. */
  readonly gaps: readonly DeclaredGap[]
  readonly gapCount: number
  readonly lostLines: number
  /** Highest number of the lines that retention removed. */
  readonly prunedTo: number | undefined
  /** What the head file says; absent when it was not looked at. */
  readonly head: LineMark | undefined
  readonly warnings: readonly string[]
  /** At most 20. */
  readonly faults: readonly Fault[]
  readonly faultCount: number
}
