import type { AuditRecord } from '../audit/audit-fields.ts'
import { findPlace } from '../audit/reading/find-place.ts'
import { type FollowOptions, followRecords } from '../audit/reading/follow-records.ts'
import { readLastRecords } from '../audit/reading/read-last-records.ts'
import { compileSelection } from '../audit/reading/select-records.ts'
import { type FilterOptions, queryOf } from './audit-options.ts'
import { createRecordOutput, type OutputForm, type RecordOutput } from './audit-output.ts'
import { type AuditPlace, findAuditLog } from './audit-place.ts'
import { createBrokenLines } from './broken-lines.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

export interface TailRequest extends FilterOptions {
  readonly output: OutputForm
  readonly lines: number
  readonly follow?: true
}

/** Shows the newest records that the options choose, and with `follow` those to come until INT or TERM. Exit 0. */
export async function auditTail(asked: TailRequest, terminal: Terminal): Promise<number> {
  try {
    const place = await findAuditLog(asked, terminal)
    const output = createRecordOutput(asked.output, terminal)
    const select = compileSelection(queryOf(asked))
    // In this order no line is missed or shown twice, whatever is written meanwhile.
    const end = await findPlace(place.active)
    const after = await newestSeq(place)
    const isShown = (record: AuditRecord) => record.seq <= after && select(record)
    const last = await readLastRecords(place.files, { count: asked.lines, select: isShown })
    const isRead = last.length === 0 || (await terminal.write(output.format(last)))
    if (asked.follow !== true || !isRead) return EXIT.ok
    return await follow({ active: place.active, place: end, after, select }, { output, terminal })
  } catch (error) {
    return complainOf(error, terminal)
  }
}

async function newestSeq({ files }: AuditPlace): Promise<number> {
  const newest = await readLastRecords(files, { count: 1, select: () => true })
  return newest[0]?.record.seq ?? -1
}

async function follow(
  following: Omit<FollowOptions, 'signal'>,
  { output, terminal }: { readonly output: RecordOutput; readonly terminal: Terminal },
): Promise<number> {
  const ended = new AbortController()
  terminal.onSignal(['SIGINT', 'SIGTERM'], () => ended.abort())
  for await (const { found, broken } of followRecords({ ...following, signal: ended.signal })) {
    const lines = createBrokenLines()
    lines.add(broken)
    lines.tell(terminal)
    if (found.length > 0 && !(await terminal.write(output.format(found)))) break
  }
  return EXIT.ok
}
