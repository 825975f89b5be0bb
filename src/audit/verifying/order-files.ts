import { readLogLine } from './log-line.ts'
import type { OpenLog, OpenLogFile, SkippedLogFile } from './open-log.ts'
import { readOpenFile } from './read-open-file.ts'

/** Lines that vote on where a file belongs, so that one changed number does not move it. */
const VOTES = 3

/** The files of a log in the order of their lines, and those that are none. */
export interface OrderedFiles {
  readonly files: readonly OpenLogFile[]
  readonly skipped: readonly SkippedLogFile[]
}

/** Sorts files by their first lines; the active one is the last. Others that begin with something else are skipped. */
export async function orderFiles({ files, skipped }: OpenLog, active: string): Promise<OrderedFiles> {
  const begun: { readonly file: OpenLogFile; readonly number: number }[] = []
  const without: SkippedLogFile[] = []
  for (const file of files) {
    const number = file.path === active ? Number.POSITIVE_INFINITY : await firstNumber(file)
    if (number !== undefined) begun.push({ file, number })
    else {
      const reason = file.size === 0 ? 'is empty' : 'does not begin with a line of an audit log'
      without.push({ path: file.path, reason })
    }
  }
  return {
    files: begun.sort((a, b) => a.number - b.number).map(({ file }) => file),
    skipped: [...skipped, ...without],
  }
}

/** The number of the first line, as most of the first lines have it; `undefined` without any at the beginning. */
async function firstNumber(file: OpenLogFile): Promise<number | undefined> {
  for await (const item of readOpenFile(file, () => {})) {
    if (item.kind !== 'lines') continue
    const votes: number[] = []
    for (const [at, bytes] of item.lines.entries()) {
      const line = readLogLine(bytes, { file: '', line: 0 })
      if (line.kind === 'line') votes.push(line.seq - at)
      if (votes.length === VOTES) break
    }
    const [first, second, third] = votes
    return second !== undefined && second === third ? second : first
  }
  return undefined
}
