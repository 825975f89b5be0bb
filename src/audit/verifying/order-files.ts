import { readLogLine } from './log-line.ts'
import type { OpenLogFile } from './open-log.ts'
import { readOpenFile } from './read-open-file.ts'

/** Lines that vote on where a file belongs, so that one changed number does not move it. */
const VOTES = 3

/** The files in the order of their lines; the last one, which is written to, stays the last. */
export async function orderFiles(files: readonly OpenLogFile[]): Promise<readonly OpenLogFile[]> {
  const begun: { readonly file: OpenLogFile; readonly number: number }[] = []
  for (const file of files.slice(0, -1)) begun.push({ file, number: await firstNumber(file) })
  return [...begun.sort((a, b) => a.number - b.number).map(({ file }) => file), ...files.slice(-1)]
}

/** The number of the first line, as most of the first lines have it; 0 for a file without any. */
async function firstNumber(file: OpenLogFile): Promise<number> {
  for await (const item of readOpenFile(file, () => {})) {
    if (item.kind !== 'lines') continue
    const items = item.lines.slice(0, VOTES).map(line => readLogLine(line, { file: '', line: 0 }))
    const votes = items.map((one, at) => (one.kind === 'line' ? one.seq - at : undefined))
    const [first, second, third] = votes
    return (second !== undefined && second === third ? second : (first ?? second)) ?? 0
  }
  return 0
}
