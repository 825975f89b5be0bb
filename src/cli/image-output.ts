import type { ImagePull } from '../audit/reading/group-pulls.ts'
import { escapeControls } from '../ops/escape-controls.ts'
import type { OutputForm } from './audit-output.ts'
import { type AuditRow, referenceOf } from './audit-row.ts'
import { createAuditTable } from './audit-table.ts'
import { formatBytes } from './format-amount.ts'
import { formatDuration } from './format-duration.ts'
import { isColoured } from './is-coloured.ts'
import { isUnicode } from './is-unicode.ts'
import type { Terminal } from './terminal.ts'

/** Shows pulls of images as they come. */
export interface ImageOutput {
  /** The text of these pulls; the first one begins with the titles, if there are any. */
  readonly format: (pulls: readonly ImagePull[]) => Buffer
}

/** The output of pulls in this form; `json` is one object a line. */
export function createImageOutput(form: OutputForm, terminal: Terminal): ImageOutput {
  if (form === 'json')
    return { format: pulls => Buffer.from(pulls.map(pull => `${jsonOf(pull)}\n`).join('')) }
  if (form === 'tsv') return createTsv()
  const { columns } = terminal
  const style = { columns, isColoured: isColoured(terminal), isUnicode: isUnicode(terminal) }
  const table = createAuditTable({ ...style, view: 'images' })
  return { format: pulls => Buffer.from(table.format(pulls.map(rowOf))) }
}

function rowOf(pull: ImagePull): AuditRow {
  const utc = new Date(pull.time).toISOString()
  return {
    day: utc.slice(0, 10),
    time: utc.slice(11, 19),
    who: pull.actor ?? '',
    action: '',
    what: `${pull.repository}${referenceOf(pull.tag, pull.digest)}`,
    outcome: pull.outcome,
    client: pull.client ?? '',
    size: pull.isRedirected ? 'redirected' : formatBytes(pull.bytes),
    blobs: String(pull.blobs),
    took: formatDuration(pull.durationMs),
    reason: pull.reason ?? '',
  }
}

function fieldsOf({ client, blobs, bytes, isRedirected, durationMs, ...pull }: ImagePull) {
  const { time, actor, repository, tag, digest, outcome, reason } = pull
  const redirected = isRedirected ? true : undefined
  const sums = { blobs, bytes, redirected, duration_ms: durationMs }
  return { time, actor, client_ip: client, repository, tag, digest, outcome, ...sums, reason }
}

/** Escaped also where a terminal does not ask for it: it is no line of the log. */
function jsonOf(pull: ImagePull): string {
  return escapeControls(JSON.stringify(fieldsOf(pull)))
}

function createTsv(): ImageOutput {
  let isFirst = true
  return {
    format: pulls => {
      const rows = pulls.map(fieldsOf)
      const lines = rows.map(row => Object.values(row).map(cell).join('\t'))
      const head = isFirst && rows[0] !== undefined ? [Object.keys(rows[0]).join('\t')] : []
      isFirst = false
      return Buffer.from([...head, ...lines].map(line => `${line}\n`).join(''))
    },
  }
}

function cell(value: string | number | boolean | undefined): string {
  return value === undefined ? '' : escapeControls(String(value))
}
