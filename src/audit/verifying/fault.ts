import type { Place } from './log-line.ts'

/** What can be wrong with a log. */
export type FaultKind =
  | 'changed'
  | 'missing'
  | 'swapped'
  | 'misplaced'
  | 'repeated'
  | 'inserted'
  | 'strange'
  | 'other-node'
  | 'numbering'
  | 'unlinked'
  | 'signature'
  | 'unknown-key'
  | 'file-name'
  | 'beginning'
  | 'cut'
  | 'head'

/** Where a fault is; a log as a whole has no place. */
export interface Spot extends Partial<Place> {
  /** Last line of several. */
  readonly toLine?: number | undefined
  readonly seq?: number | undefined
  /** RFC 3339. */
  readonly time?: string | undefined
}

/** One fault; `text` is a whole sentence without its full stop, with the place. */
export interface Fault extends Spot {
  readonly kind: FaultKind
  readonly text: string
}
