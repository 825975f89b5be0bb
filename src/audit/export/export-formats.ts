import type { AuditRecord } from '../audit-fields.ts'
import { cadfEventOf } from './cadf-event.ts'
import { cefLineOf } from './cef-line.ts'
import { cloudEventOf } from './cloud-event.ts'
import { CSV_HEADER, csvRowOf } from './csv-row.ts'
import { distributionEventOf } from './distribution-event.ts'
import { ecsDocumentOf } from './ecs-document.ts'
import { ocsfEventOf } from './ocsf-event.ts'

/** How records become a file of another format. */
export interface ExportFormat {
  /** What the file begins with. */
  readonly head: string
  /** A record with its line end; undefined when the format has nothing for it. */
  readonly format: (record: AuditRecord) => string | undefined
}

/** Every format by the name that users give it. `events` has one envelope of distribution a line. */
export const EXPORT_FORMATS = {
  ecs: jsonLines(ecsDocumentOf),
  ocsf: jsonLines(ocsfEventOf),
  cadf: jsonLines(cadfEventOf),
  cef: { head: '', format: record => `${cefLineOf(record)}\n` },
  csv: { head: CSV_HEADER, format: csvRowOf },
  events: jsonLines(record => {
    const event = distributionEventOf(record)
    return event === undefined ? undefined : { events: [event] }
  }),
  cloudevents: jsonLines(cloudEventOf),
} as const satisfies Readonly<Record<string, ExportFormat>>

export type ExportFormatName = keyof typeof EXPORT_FORMATS

function jsonLines(map: (record: AuditRecord) => object | undefined): ExportFormat {
  return {
    head: '',
    format: record => {
      const value = map(record)
      return value === undefined ? undefined : `${JSON.stringify(value)}\n`
    },
  }
}
