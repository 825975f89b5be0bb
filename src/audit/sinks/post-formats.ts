import { createHmac } from 'node:crypto'
import type { Secret } from '../../model/secret.ts'
import type { AuditRecord } from '../audit-fields.ts'
import { cloudEventOf } from '../export/cloud-event.ts'
import { distributionEventOf } from '../export/distribution-event.ts'
import type { LogLine } from './log-line.ts'
import { otlpLogs } from './otlp-logs.ts'
import type { HttpSettings } from './sink-settings.ts'

/** How a kind of receiver wants to be posted to. */
export interface PostFormat {
  readonly contentType: string
  readonly accepts: (record: AuditRecord) => boolean
  readonly body: (lines: readonly LogLine[]) => string
  /** Headers about a body. */
  readonly headers: (body: string) => Readonly<Record<string, string>>
  /** What the receiver, though it said yes, says against some of the lines. */
  readonly complaint: (answer: string) => string | undefined
}

const PLAIN = { accepts: () => true, headers: () => ({}), complaint: () => undefined }

/** The format of a sink. `clock` is milliseconds since the epoch. */
export function postFormatOf(settings: HttpSettings, clock: () => number): PostFormat {
  switch (settings.type) {
    case 'http':
      return { ...PLAIN, contentType: 'application/x-ndjson', body: ndjson }
    case 'otlp':
      return {
        ...PLAIN,
        contentType: 'application/json',
        body: lines => JSON.stringify(otlpLogs(lines, clock())),
        complaint: partialSuccess,
      }
    case 'webhook': {
      const headers = (body: string) => signed(body, settings.secret, clock)
      if (settings.format === 'distribution') return { ...distribution, headers }
      return { ...(settings.batch === 1 ? cloudEvent : cloudEventBatch), headers }
    }
  }
}

const distribution: PostFormat = {
  ...PLAIN,
  contentType: 'application/vnd.docker.distribution.events.v2+json',
  accepts: record => distributionEventOf(record) !== undefined,
  body: lines => JSON.stringify({ events: lines.map(({ record }) => distributionEventOf(record)) }),
}

const cloudEvent: PostFormat = {
  ...PLAIN,
  contentType: 'application/cloudevents+json; charset=utf-8',
  body: ([line]) => JSON.stringify(line && cloudEventOf(line.record)),
}

const cloudEventBatch: PostFormat = {
  ...PLAIN,
  contentType: 'application/cloudevents-batch+json; charset=utf-8',
  body: lines => JSON.stringify(lines.map(({ record }) => cloudEventOf(record))),
}

function ndjson(lines: readonly LogLine[]): string {
  return lines.map(({ text }) => `${text}\n`).join('')
}

/** The time is signed with the body, so that a receiver can refuse what somebody recorded and sends again. */
function signed(
  body: string,
  secret: Secret | undefined,
  clock: () => number,
): Readonly<Record<string, string>> {
  if (secret === undefined) return {}
  const time = Math.floor(clock() / 1000)
  const mac = createHmac('sha256', secret.reveal()).update(`${time}.${body}`).digest('hex')
  return { 'x-landwaiter-signature': `t=${time},v1=${mac}` }
}

/** OTLP 1.x "Partial Success": what was rejected must not be sent again. Without a count it is a warning only. */
function partialSuccess(answer: string): string | undefined {
  try {
    const { partialSuccess: partial } = JSON.parse(answer) as {
      readonly partialSuccess?: { readonly rejectedLogRecords?: unknown; readonly errorMessage?: unknown }
    }
    const rejected = Number(partial?.rejectedLogRecords ?? 0)
    if (!(rejected > 0)) return undefined
    return `it rejected ${rejected} of the lines: ${String(partial?.errorMessage ?? 'it does not say why')}`
  } catch {
    // An answer without a readable body is a success all the same.
    return undefined
  }
}
