import { z } from 'zod'
import { AUDIT_ACTIONS, AUDIT_OUTCOMES } from '../model/audit-event.ts'
import { Secret } from '../model/secret.ts'
import { HeadersSchema } from './headers-schema.ts'
import { parseHttpUrl } from './parse-http-url.ts'
import { duration, oneOf, type Parsed, parsedText } from './schema-kit.ts'

const TYPES = ['syslog', 'http', 'webhook', 'otlp'] as const
const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['ntp', 'audit', 'alert', 'clock'],
  ...['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
] as const
const MAX_BATCH = 5_000
const MAX_TIMEOUT_MS = 60_000

function fieldsOf<Type extends (typeof TYPES)[number]>(type: Type, batch: number) {
  return {
    type: z.literal(type).describe('The kind of receiver.'),
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be a name of letters, digits, - and _')
      .optional()
      .describe(
        'Its name in metrics, in the log and in `state_dir`, where its position is kept. Default: its type.',
      ),
    actions: z
      .array(oneOf(AUDIT_ACTIONS))
      .min(1, 'must not be empty; leave it out for all actions')
      .optional()
      .describe('Only lines of these actions.'),
    outcomes: z
      .array(oneOf(AUDIT_OUTCOMES))
      .min(1, 'must not be empty; leave it out for all outcomes')
      .optional()
      .describe('Only lines of these outcomes.'),
    backfill: z
      .boolean()
      .default(false)
      .describe('Begin a new sink with the oldest line that is still there, not with the next one.'),
    batch: z
      .int()
      .min(1, 'must be at least 1')
      .max(MAX_BATCH, `must be at most ${MAX_BATCH}`)
      .default(batch)
      .describe('How many lines are sent at once at most.'),
    timeout: duration()
      .refine(ms => ms > 0 && ms <= MAX_TIMEOUT_MS, 'must be more than 0 and at most 60s')
      .prefault('10s')
      .describe('How long the receiver may take for one batch.'),
    ca_file: z
      .string()
      .min(1, 'must not be empty')
      .optional()
      .describe('PEM file with the only CA certificates that are trusted. Default: the usual ones.'),
  }
}

function httpFieldsOf<Type extends (typeof TYPES)[number]>(type: Type, batch: number) {
  return {
    ...fieldsOf(type, batch),
    headers: HeadersSchema,
    gzip: z.boolean().default(false).describe('Compress what is sent.'),
    on_refused: oneOf(['retry', 'skip'])
      .default('retry')
      .describe(
        'What becomes of lines that the receiver refuses (4xx): sent again until it takes them, or, after `refused_tries`, written to the operational log and passed over.',
      ),
    refused_tries: z
      .int()
      .min(1, 'must be at least 1')
      .default(5)
      .describe('With `on_refused: skip`: how often they are sent.'),
  }
}

const SyslogSinkSchema = z.strictObject({
  ...fieldsOf('syslog', 500),
  url: parsedText(parseSyslogUrl).describe(
    'The receiver: `tcp://HOST:PORT`, or `tls://HOST:PORT` (RFC 5425).',
  ),
  facility: oneOf(FACILITIES).default('local0').describe('The facility of RFC 5424.'),
})

const HttpSinkSchema = z.strictObject({
  ...httpFieldsOf('http', 500),
  url: parsedText(parseHttpUrl).describe('Where batches of lines are posted as `application/x-ndjson`.'),
})

const WebhookSinkSchema = z.strictObject({
  ...httpFieldsOf('webhook', 1),
  url: parsedText(parseHttpUrl).describe('Where events are posted.'),
  format: oneOf(['distribution', 'cloudevents'])
    .default('distribution')
    .describe(
      "`distribution`: the registry's own notifications; `cloudevents`: CloudEvents 1.0 as JSON, one in a request, with a `batch` above 1 a JSON batch.",
    ),
  secret: z
    .string()
    .min(1, 'must not be empty')
    .transform(text => new Secret(text))
    .optional()
    .describe('Key of the HMAC in the header `X-Landwaiter-Signature`.'),
  secret_file: z.string().optional().describe('File that holds `secret`.'),
})

const OtlpSinkSchema = z.strictObject({
  ...httpFieldsOf('otlp', 500),
  url: parsedText(parseOtlpUrl).describe(
    'An OpenTelemetry collector, `http://HOST:4318`; without a path `/v1/logs` is added.',
  ),
})

const SinkSchema = z
  .discriminatedUnion('type', [SyslogSinkSchema, HttpSinkSchema, WebhookSinkSchema, OtlpSinkSchema], {
    error: `must be ${TYPES.slice(0, -1).join(', ')} or ${TYPES.at(-1)}`,
  })
  .transform(({ timeout, ...sink }) => {
    const common = { name: sink.name ?? sink.type, timeout_ms: timeout }
    if (sink.type !== 'webhook') return { ...sink, ...common }
    const { secret_file: _, ...webhook } = sink
    return { ...webhook, ...common }
  })

/** Where the lines of the audit log are sent besides. */
export const AuditSinksSchema = z
  .array(SinkSchema)
  .superRefine((sinks, context) => {
    sinks.forEach(({ name }, index) => {
      if (sinks.findIndex(other => other.name === name) === index) return
      const message = `there is another sink ${JSON.stringify(name)}; give this one a name of its own`
      context.addIssue({ code: 'custom', path: [index, 'name'], message })
    })
  })
  .default([])
  .describe('Receivers that every line is sent to besides, from the file, at least once and in order.')

function parseSyslogUrl(text: string): Parsed<string> {
  const fault = 'must be tcp://HOST:PORT or tls://HOST:PORT'
  const url = /^(tcp|tls):\/\//.test(text) ? URL.parse(text) : null
  if (url === null || url.hostname === '' || url.port === '') return { fault }
  if (url.username !== '' || url.password !== '') return { fault, hint: 'syslog knows no user and password' }
  if (!['', '/'].includes(url.pathname + url.search + url.hash)) return { fault }
  return { value: `${url.protocol}//${url.host}` }
}

function parseOtlpUrl(text: string): Parsed<string> {
  const parsed = parseHttpUrl(text)
  if (!('value' in parsed)) return parsed
  const url = new URL(parsed.value)
  if (url.pathname === '/') url.pathname = '/v1/logs'
  return { value: url.href }
}
