import { stat } from 'node:fs/promises'
import { EXPORT_FORMATS, type ExportFormatName } from '../audit/export/export-formats.ts'
import type { AuditFile } from '../audit/reading/list-audit-files.ts'
import { filesInTime, readRecords } from '../audit/reading/read-records.ts'
import { compileSelection } from '../audit/reading/select-records.ts'
import { escapeControls } from '../ops/escape-controls.ts'
import { type FilterOptions, queryOf } from './audit-options.ts'
import { findAuditLog } from './audit-place.ts'
import { type BrokenLines, createBrokenLines } from './broken-lines.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import { type ExportTarget, openExportTarget } from './export-target.ts'
import { countOf } from './format-amount.ts'
import { createProgressBar } from './progress-bar.ts'
import type { Terminal } from './terminal.ts'

export interface ExportRequest extends FilterOptions {
  readonly format: ExportFormatName
  readonly to?: string
}

/** Writes the records that the options choose in another format. Exit 0, or 1 when not all could be written. */
export async function auditExport(asked: ExportRequest, terminal: Terminal): Promise<number> {
  try {
    const { files } = await findAuditLog(asked, terminal)
    const target = await openExportTarget(asked.to, terminal)
    try {
      return await exportAll({ asked, files, target }, terminal)
    } catch (error) {
      await target.abandon()
      throw error
    }
  } catch (error) {
    return complainOf(error, terminal)
  }
}

interface Export {
  readonly asked: ExportRequest
  readonly files: readonly AuditFile[]
  readonly target: ExportTarget
}

type Ending = 'done' | 'closed' | 'interrupted'

async function exportAll(work: Export, terminal: Terminal): Promise<number> {
  const { asked, files, target } = work
  const broken = createBrokenLines()
  const total = await bytesOf(filesInTime(files, queryOf(asked)))
  const bar = createProgressBar('exporting', terminal)
  const count = { lines: 0, bytes: 0 }
  const onBytes = (bytes: number) => {
    count.bytes += bytes
    bar.show(count.bytes, total)
  }
  const ending = await copy(work, { broken, count, onBytes, terminal }).finally(bar.end)
  if (ending === 'interrupted') {
    await target.abandon()
    terminal.complain('interrupted; nothing is written\n')
    return EXIT.failed
  }
  await target.finish()
  if (ending === 'closed') return EXIT.ok
  if (asked.to !== undefined) {
    terminal.complain(`${countOf(count.lines, 'record')} written to ${escapeControls(asked.to)}\n`)
  }
  broken.tell(terminal)
  return EXIT.ok
}

interface Copying {
  readonly broken: BrokenLines
  readonly count: { lines: number }
  readonly onBytes: (bytes: number) => void
  readonly terminal: Terminal
}

async function copy(
  { asked, files, target }: Export,
  { broken, count, onBytes, terminal }: Copying,
): Promise<Ending> {
  const { head, format } = EXPORT_FORMATS[asked.format]
  const query = queryOf(asked)
  const state = { isInterrupted: false }
  if (asked.to !== undefined) {
    terminal.onSignal(['SIGINT', 'SIGTERM'], () => {
      state.isInterrupted = true
    })
  }
  const isSafe = asked.to !== undefined || terminal.columns === undefined
  const put = (text: string) => target.write(Buffer.from(isSafe ? text : escapedLines(text)))
  if (head !== '' && !(await put(head))) return 'closed'
  const select = compileSelection(query)
  for await (const batch of readRecords(files, { ...query, select, onBytes })) {
    broken.add(batch.broken)
    const texts = batch.found.flatMap(({ record }) => format(record) ?? [])
    count.lines += texts.length
    if (texts.length > 0 && !(await put(texts.join('')))) return 'closed'
    if (state.isInterrupted) return 'interrupted'
  }
  return 'done'
}

/** Nothing of the log reaches a terminal unescaped; the line ends are ours. */
function escapedLines(text: string): string {
  return text.split(/\r?\n/).map(escapeControls).join('\n')
}

async function bytesOf(files: readonly AuditFile[]): Promise<number> {
  const sizes = await Promise.all(
    files.map(({ path }) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
