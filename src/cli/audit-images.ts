import { createPullGrouping, type ImagePull } from '../audit/reading/group-pulls.ts'
import { readRecords } from '../audit/reading/read-records.ts'
import { compileSelection } from '../audit/reading/select-records.ts'
import { compileGlob } from '../policy/glob.ts'
import { utf8Bytes } from '../policy/matched-text.ts'
import { queryOf } from './audit-options.ts'
import { findAuditLog } from './audit-place.ts'
import type { QueryRequest } from './audit-query.ts'
import { createBrokenLines } from './broken-lines.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import { countOf, formatBytes } from './format-amount.ts'
import { createImageOutput } from './image-output.ts'
import type { Terminal } from './terminal.ts'

/** Shows one line for each `docker pull`. Blobs have no tag, so that tags and outcomes are asked of the whole. Exit 0. */
export async function auditImages(asked: QueryRequest, terminal: Terminal): Promise<number> {
  try {
    const { files } = await findAuditLog(asked, terminal)
    const { tags, outcomes, ...query } = queryOf(asked)
    const isWanted = wanted({ tags, outcomes })
    const output = createImageOutput(asked.output, terminal)
    const grouping = createPullGrouping()
    const broken = createBrokenLines()
    const sums = { pulls: 0, bytes: 0 }
    const show = async (pulls: readonly ImagePull[]) => {
      const chosen = pulls.filter(isWanted)
      sums.pulls += chosen.length
      sums.bytes += chosen.reduce((sum, { bytes }) => sum + bytes, 0)
      return chosen.length === 0 || (await terminal.write(output.format(chosen)))
    }
    const select = compileSelection({ ...query, actions: ['pull'] })
    for await (const batch of readRecords(files, { ...query, select })) {
      broken.add(batch.broken)
      if (!(await show(batch.found.flatMap(({ record }) => grouping.add(record))))) return EXIT.ok
    }
    if (!(await show(grouping.end()))) return EXIT.ok
    if (asked.output === 'table' && terminal.columns !== undefined) {
      terminal.print(`\n${countOf(sums.pulls, 'pull')}, ${formatBytes(sums.bytes)} sent\n`)
    }
    broken.tell(terminal)
    return EXIT.ok
  } catch (error) {
    return complainOf(error, terminal)
  }
}

interface Wanted {
  readonly tags: readonly string[] | undefined
  readonly outcomes: readonly string[] | undefined
}

function wanted({ tags, outcomes }: Wanted): (pull: ImagePull) => boolean {
  const globs = tags?.flatMap(tag => compileGlob(tag) ?? [])
  return ({ tag, outcome }) => {
    if (outcomes !== undefined && !outcomes.includes(outcome)) return false
    return globs === undefined || (tag !== undefined && globs.some(glob => glob(utf8Bytes(tag))))
  }
}
