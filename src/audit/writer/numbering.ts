import type { UnnumberedLine } from '../format-line.ts'
import { lineHash } from '../line-hash.ts'
import { NO_LINE_BEFORE, numberLine } from '../number-line.ts'

/** The place of a line: its number and its hash, which is the next line's `prev`. */
export interface LinePlace {
  readonly seq: number
  readonly hash: string
}

/** A line that waits for its number; a checkpoint signs its place, so its text depends on it. */
export interface WaitingLine {
  readonly line: UnnumberedLine | ((place: { readonly seq: number; readonly prev: string }) => UnnumberedLine)
  /** Numbers that no line will have, in front of this one: those of lost lines. */
  readonly skips?: number
}

/** A line as it goes to the file, without its newline. */
export interface NumberedLine extends LinePlace {
  readonly text: string
}

/** Gives lines their numbers and, with `isChained`, links each to the one before. */
export interface Numbering {
  /** The last line that is in the file; 0 and zeros when there is none. */
  last(): LinePlace
  /** Texts of lines that would follow the last one. Nothing is taken until `advance`. */
  number(lines: readonly WaitingLine[]): readonly NumberedLine[]
  /** Lines up to `place` are in the file. */
  advance(place: LinePlace): void
}

export function createNumbering({
  last,
  isChained,
}: {
  readonly last: LinePlace | undefined
  readonly isChained: boolean
}): Numbering {
  let place = last ?? { seq: 0, hash: NO_LINE_BEFORE }
  return {
    last: () => place,
    number: lines => {
      let { seq, hash } = place
      return lines.map(({ line, skips = 0 }) => {
        seq += 1 + skips
        const parts = typeof line === 'function' ? line({ seq, prev: hash }) : line
        const text = numberLine(parts, seq, isChained ? hash : undefined)
        if (isChained) hash = lineHash(text)
        return { text, seq, hash }
      })
    },
    advance: to => {
      place = { seq: to.seq, hash: to.hash }
    },
  }
}
