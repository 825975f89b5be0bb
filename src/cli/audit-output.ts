import type { AuditRecord } from '../audit/audit-fields.ts'
import type { FoundRecord } from '../audit/reading/record-batch.ts'
import { escapeControls } from '../ops/escape-controls.ts'
import { auditRow } from './audit-row.ts'
import { createAuditTable } from './audit-table.ts'
import { isColoured } from './is-coloured.ts'
import { isUnicode } from './is-unicode.ts'
import type { Terminal } from './terminal.ts'

/** How records are shown: `json` are the lines themselves. */
export const OUTPUT_FORMS = ['table', 'json', 'tsv'] as const
export type OutputForm = (typeof OUTPUT_FORMS)[number]

/** Shows records as they come. */
export interface RecordOutput {
  /** The text of these records; the first one begins with the titles, if there are any. */
  readonly format: (found: readonly FoundRecord[]) => Buffer
}

const NEWLINE = Buffer.from('\n')
const TSV = [
  ['time', record => record.time],
  ['actor', record => record.actor.name],
  ['action', record => record.action],
  ['kind', record => record.kind],
  ['outcome', record => record.outcome],
  ['status', record => record.status],
  ['client_ip', record => record.client_ip],
  ['repository', record => record.repository],
  ['tag', record => record.tag],
  ['digest', record => record.digest],
  ['size', record => record.size],
  ['bytes_in', record => record.bytes_in],
  ['bytes_out', record => record.bytes_out],
  ['duration_ms', record => record.duration_ms],
  ['reason', record => record.reason],
  ['id', record => record.id],
] as const satisfies readonly (readonly [string, (record: AuditRecord) => string | number | undefined])[]

/** The output in this form. Nothing of the log reaches a terminal unescaped; elsewhere `json` is the bytes of the log. */
export function createRecordOutput(form: OutputForm, terminal: Terminal): RecordOutput {
  if (form === 'json')
    return { format: found => (terminal.columns === undefined ? rawLines(found) : safeLines(found)) }
  if (form === 'tsv') return createTsv()
  const { columns } = terminal
  const table = createAuditTable({
    columns,
    isColoured: isColoured(terminal),
    isUnicode: isUnicode(terminal),
    view: 'lines',
  })
  return { format: found => Buffer.from(table.format(found.map(({ record }) => auditRow(record)))) }
}

function rawLines(found: readonly FoundRecord[]): Buffer {
  return Buffer.concat(found.flatMap(({ line }) => [line, NEWLINE]))
}

/** Inside a JSON text the escapes mean the same characters. */
function safeLines(found: readonly FoundRecord[]): Buffer {
  return Buffer.from(found.map(({ line }) => `${escapeControls(line.toString())}\n`).join(''))
}

function createTsv(): RecordOutput {
  let head = `${TSV.map(([name]) => name).join('\t')}\n`
  return {
    format: found => {
      const lines = found.map(({ record }) => `${TSV.map(([, pick]) => cell(pick(record))).join('\t')}\n`)
      const text = `${head}${lines.join('')}`
      head = ''
      return Buffer.from(text)
    },
  }
}

function cell(value: string | number | undefined): string {
  return value === undefined ? '' : escapeControls(String(value))
}
