import type { AuditHead } from '../audit-head.ts'
import { type LastLine, lastLineOf } from './last-line.ts'
import type { LineFile } from './line-file.ts'
import { newestRotated } from './newest-rotated.ts'
import type { LinePlace, WaitingLine } from './numbering.ts'
import type { OwnLines } from './own-lines.ts'
import type { WriterOptions } from './writer-state.ts'

/** Where a log goes on after a start. */
export interface ResumedLog {
  readonly last: LinePlace | undefined
  /** What has to be said before anything else. */
  readonly lines: readonly WaitingLine[]
  readonly previousStop: 'clean' | 'unclean' | undefined
}

/**
 * Finds the last line: that of the open file, else of the newest rotated one, as a crash between renaming and the
 * first line leaves it. A head that knows more than the log tells of lines that were lost.
 */
export async function resumeLog(
  options: WriterOptions,
  {
    target,
    head,
    own,
  }: { readonly target: LineFile; readonly head: AuditHead | undefined; readonly own: OwnLines },
): Promise<ResumedLog> {
  const here = lastLineOf(target.tail)
  if (!target.isRegular) return { last: undefined, lines: [], previousStop: undefined }
  if (here === undefined && target.tail.length > 0) {
    options.log.warn('the audit log has no numbered line at its end', { file: options.file })
  }
  const before = here === undefined ? await newestRotated(options.file) : undefined
  const last = here ?? before?.last
  const gap = lostLines(last, head, own)
  return {
    last,
    lines: [...(before === undefined ? [] : [own.rotate(before.name)]), ...gap],
    previousStop: last === undefined ? undefined : last.action === 'server.stop' ? 'clean' : 'unclean',
  }
}

function lostLines(
  last: LastLine | undefined,
  head: AuditHead | undefined,
  own: OwnLines,
): readonly WaitingLine[] {
  if (head === undefined) return []
  const ended = last?.seq ?? 0
  const cut = Math.max(0, head.seq - ended)
  if (cut + head.waiting === 0) return []
  const reasons = [
    ...(cut > 0 ? [`the log ends at line ${ended}, though line ${head.seq} had been written`] : []),
    ...(head.waiting > 0
      ? [
          `the server ended while lines waited in memory for a log that could not be written (counted at ${head.time})`,
        ]
      : []),
  ]
  return [own.gap(cut + head.waiting, reasons.join('; '))]
}
