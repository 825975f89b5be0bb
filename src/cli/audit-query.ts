import { readRecords } from '../audit/reading/read-records.ts'
import { compileSelection } from '../audit/reading/select-records.ts'
import { escapeControls } from '../ops/escape-controls.ts'
import { type FilterOptions, queryOf } from './audit-options.ts'
import { createRecordOutput, type OutputForm } from './audit-output.ts'
import { findAuditLog } from './audit-place.ts'
import { createAuditSums } from './audit-sums.ts'
import { createBrokenLines } from './broken-lines.ts'
import { complainOf } from './complain-of.ts'
import { EXIT } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

export interface QueryRequest extends FilterOptions {
  readonly output: OutputForm
}

/** Shows the records that the options choose, of all files of the log. Exit 0, also when there are none. */
export async function auditQuery(asked: QueryRequest, terminal: Terminal): Promise<number> {
  try {
    const { files } = await findAuditLog(asked, terminal)
    const query = queryOf(asked)
    const output = createRecordOutput(asked.output, terminal)
    const sums = createAuditSums()
    const broken = createBrokenLines()
    const select = compileSelection(query)
    for await (const batch of readRecords(files, { ...query, select })) {
      broken.add(batch.broken)
      if (batch.found.length === 0) continue
      for (const { record } of batch.found) sums.add(record)
      if (!(await terminal.write(output.format(batch.found)))) return EXIT.ok
    }
    if (asked.output === 'table' && terminal.columns !== undefined) {
      terminal.print(`\n${escapeControls(sums.line())}\n`)
    }
    broken.tell(terminal)
    return EXIT.ok
  } catch (error) {
    return complainOf(error, terminal)
  }
}
