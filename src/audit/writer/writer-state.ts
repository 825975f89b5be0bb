import type { Clock, Log } from '../../model/ports.ts'
import type { Ballast } from './ballast.ts'
import type { CheckpointKey } from './checkpoint-key.ts'
import type { HeadFile } from './head-file.ts'
import type { LineQueue } from './line-queue.ts'
import type { LogPlace, RotationSettings } from './log-place.ts'
import type { Numbering } from './numbering.ts'
import type { Outage } from './outage.ts'
import type { OwnLines } from './own-lines.ts'

/** How the log is written. */
export interface WriterOptions {
  /** `-` is standard output. */
  readonly file: string
  /** Of new files. */
  readonly mode: number
  /** The name of this landwaiter in its lines. */
  readonly node: string
  /** Directory of the head and of the key of checkpoints. */
  readonly stateDir: string
  /** When lines are forced to the disk: never, every second, or before anybody is told. */
  readonly sync: 'none' | 'interval' | 'always'
  readonly isChained: boolean
  readonly checkpointMs: number
  readonly rotation: RotationSettings
  /** Bytes of disk that are kept free for the last lines. */
  readonly ballast: number
  /** How long pulls go on while the log cannot be written, their lines waiting in memory. */
  readonly graceMs: number
  /** What happens to pulls after that. */
  readonly pulls: 'refuse' | 'allow'
  readonly log: Log
  readonly clock: Clock
  readonly newId: () => string
  /** Called when lines were written. */
  readonly onWritten?: () => void
  /** Called when the log went on in a new file. */
  readonly onRotated?: () => void
}

/** What the writer has open and knows. */
export interface WriterState {
  readonly options: WriterOptions
  readonly place: LogPlace
  readonly queue: LineQueue
  readonly numbering: Numbering
  readonly outage: Outage
  readonly ballast: Ballast
  readonly own: OwnLines
  /** There with a chain. */
  readonly key: CheckpointKey | undefined
  /** There with a regular file. */
  readonly head: HeadFile | undefined
  records: number
  isClosed: boolean
  isWriteDue: boolean
  /** Lines were written since the last sync. */
  isDirty: boolean
  /** Monotonic, of the last write. */
  lastWriteMs: number
  /** Monotonic, of the last look at what others did to the file. */
  lastLookMs: number
  /** Of the last checkpoint: its number, and when, monotonic. */
  checkpoint: { readonly seq: number; readonly atMs: number }
  /** Writes, reopening and closing take turns. */
  turn: Promise<unknown>
}
