import type { AuditRecord } from '../audit-fields.ts'
import { cloudEventOf } from '../export/cloud-event.ts'
import type { LogLine } from './log-line.ts'
import { severityOf } from './outcome-severity.ts'

/** `AnyValue` of OTLP; 64-bit integers are texts in JSON. */
type AnyValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }

interface KeyValue {
  readonly key: string
  readonly value: AnyValue
}

const NANOSECONDS = '000000'

/**
 * The body of a request of the OTLP logs service as JSON. The body of each record is the line as it is in the file;
 * attributes have the names of OpenTelemetry's conventions where there are any, else `landwaiter.*`.
 * `observedMs` is the time of sending.
 * Spec: OTLP 1.x "JSON Protobuf Encoding"; opentelemetry/proto/logs/v1/logs.proto.
 */
export function otlpLogs(lines: readonly LogLine[], observedMs: number): object {
  const byNode = Map.groupBy(lines, ({ record }) => record.node)
  return {
    resourceLogs: [...byNode].map(([node, some]) => ({
      resource: { attributes: attributes({ 'service.name': 'landwaiter', 'host.name': node }) },
      scopeLogs: [
        {
          scope: { name: 'landwaiter.audit' },
          logRecords: some.map(line => logRecord(line, observedMs)),
        },
      ],
    })),
  }
}

function logRecord({ record, text }: LogLine, observedMs: number): object {
  const { otel, text: severityText } = severityOf(record)
  const event = cloudEventOf(record)
  return {
    timeUnixNano: `${Date.parse(record.time)}${NANOSECONDS}`,
    observedTimeUnixNano: `${observedMs}${NANOSECONDS}`,
    severityNumber: otel,
    severityText,
    eventName: event.type,
    body: { stringValue: text },
    attributes: attributes({ 'log.record.uid': event.id, ...fieldsOf(record) }),
  }
}

function fieldsOf(record: AuditRecord) {
  const { seq, action, kind, outcome, status, actor, tag } = record
  return {
    'landwaiter.seq': seq,
    'landwaiter.action': action,
    'landwaiter.kind': kind,
    'landwaiter.outcome': outcome,
    'landwaiter.rule': record.rule,
    'landwaiter.reason': record.reason,
    'user.name': actor.name,
    'client.address': record.client_ip,
    'container.image.name': record.repository,
    'container.image.tags': tag === undefined ? undefined : [tag],
    'oci.manifest.digest': kind === 'blob' ? undefined : record.digest,
    'http.request.method': record.method,
    'http.response.status_code': status,
    'url.path': record.path,
    'server.address': record.host,
    'user_agent.original': record.user_agent,
  }
}

function attributes(
  fields: Readonly<Record<string, string | number | readonly string[] | undefined>>,
): readonly KeyValue[] {
  return Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValue(value) }],
  )
}

function anyValue(value: string | number | readonly string[]): AnyValue {
  if (typeof value === 'number') return { intValue: String(value) }
  if (typeof value === 'string') return { stringValue: value }
  return { arrayValue: { values: value.map(anyValue) } }
}
