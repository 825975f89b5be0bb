import { basename } from 'node:path'
import { listAuditFiles } from '../reading/list-audit-files.ts'
import { readLines } from '../reading/read-lines.ts'
import { type LastLine, lastLineOf } from './last-line.ts'

/** The last one tells the place, one of those before it how the server ended. */
const LAST_LINES = 64

/** The newest file that was rotated away from `file`: its name without `.gz` and its last line, if there is one. */
export async function newestRotated(
  file: string,
): Promise<{ readonly name: string; readonly last: LastLine } | undefined> {
  const { files } = await listAuditFiles(file)
  const newest = files.filter(({ path }) => path !== file).at(-1)
  if (newest === undefined) return undefined
  let lines: readonly Buffer[] = []
  for await (const item of readLines(newest)) {
    if (item.kind === 'lines') lines = [...lines, ...item.lines.slice(-LAST_LINES)].slice(-LAST_LINES)
  }
  const last = lastLineOf(lines.map(String))
  return last && { name: basename(newest.path).replace(/\.gz$/, ''), last }
}
