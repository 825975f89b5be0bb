import type { AuditUnwritable } from '../../model/errors.ts'
import type { WaitingLine } from './numbering.ts'

/** A line in the queue. */
export interface QueuedLine extends WaitingLine {
  readonly bytes: number
  /** It is refused when it cannot be written at once; others wait. */
  readonly isUrgent: boolean
  resolve(): void
  reject(error: AuditUnwritable): void
}

/** Lines that wait for the file, in their order. */
export interface LineQueue {
  readonly bytes: () => number
  readonly length: () => number
  /** Lines that the log would lack if they were lost: one that tells of lost lines stands for these. */
  readonly owed: () => number
  push(line: QueuedLine): void
  /** In front of all others. */
  unshift(...lines: readonly QueuedLine[]): void
  /** Takes lines from the front, at most `maxBytes` of them but at least one. */
  take(maxBytes: number): readonly QueuedLine[]
  /** Takes out every urgent line. */
  takeUrgent(): readonly QueuedLine[]
  /** Tells everybody that waits not to wait any longer; the lines stay. */
  resolveAll(): void
}

export function createLineQueue(): LineQueue {
  let lines: QueuedLine[] = []
  let bytes = 0
  const taken = (out: readonly QueuedLine[]) => {
    for (const line of out) bytes -= line.bytes
    return out
  }
  return {
    bytes: () => bytes,
    length: () => lines.length,
    owed: () => lines.reduce((sum, { skips = 1 }) => sum + skips, 0),
    push: line => {
      lines.push(line)
      bytes += line.bytes
    },
    unshift: (...more) => {
      lines.unshift(...more)
      for (const line of more) bytes += line.bytes
    },
    take: maxBytes => {
      let count = 0
      let room = maxBytes
      for (const line of lines) {
        room -= line.bytes
        if (room < 0 && count > 0) break
        count += 1
      }
      return taken(lines.splice(0, count))
    },
    takeUrgent: () => {
      const urgent = lines.filter(line => line.isUrgent)
      lines = lines.filter(line => !line.isUrgent)
      return taken(urgent)
    },
    resolveAll: () => {
      for (const line of lines) line.resolve()
    },
  }
}
