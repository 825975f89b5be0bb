import t from 'tap'
import { Secret } from '../../src/model/secret.ts'
import { below, compare, loadText, type Row } from './load-text.ts'

const sinks = (text: string) => below(`audit:\n  sinks:\n${text}`)
const WITH_SECRETS = `    - type: webhook
      url: https://hooks.test/x
      format: cloudevents
      secret_file: /run/secrets/hook
      headers: { Authorization: { value_file: /run/secrets/bearer } }
`

t.test('reads a sink of each type and fills in what is not given', async t => {
  const text = sinks(`    - { type: syslog, url: "tls://siem.test:6514", outcomes: [denied], facility: audit }
    - { type: http, name: archive, url: "http://127.0.0.1:8080/in", gzip: true, on_refused: skip }
    - { type: webhook, url: "https://hooks.test/x", actions: [push, overwrite] }
    - { type: otlp, url: "http://collector:4318", timeout: 2s, batch: 10 }
    - { type: otlp, name: second, url: "http://collector:4318/otlp/logs" }
`)
  const { config } = await loadText(text)
  const common = { backfill: false, batch: 500, timeout_ms: 10_000 }
  const http = { ...common, headers: {}, gzip: false, on_refused: 'retry', refused_tries: 5 }
  t.same(config.audit.sinks, [
    {
      ...common,
      type: 'syslog',
      name: 'syslog',
      url: 'tls://siem.test:6514',
      outcomes: ['denied'],
      facility: 'audit',
    },
    {
      ...http,
      type: 'http',
      name: 'archive',
      url: 'http://127.0.0.1:8080/in',
      gzip: true,
      on_refused: 'skip',
    },
    {
      ...http,
      type: 'webhook',
      name: 'webhook',
      url: 'https://hooks.test/x',
      format: 'distribution',
      actions: ['push', 'overwrite'],
      batch: 1,
    },
    {
      ...http,
      type: 'otlp',
      name: 'otlp',
      url: 'http://collector:4318/v1/logs',
      timeout_ms: 2000,
      batch: 10,
    },
    { ...http, type: 'otlp', name: 'second', url: 'http://collector:4318/otlp/logs' },
  ])
  t.strictSame((await loadText(below('audit: {}\n'))).config.audit.sinks, [], 'none')
})

t.test('reads secrets of a sink from their files, and never shows them', async t => {
  const files = { '/run/secrets/hook': 'key-of-hook\n', '/run/secrets/bearer': 'Bearer key-of-bearer\n' }
  const { config } = await loadText(sinks(WITH_SECRETS), { files })
  const [sink] = config.audit.sinks
  if (sink?.type !== 'webhook') throw new Error('no webhook')
  t.type(sink.secret, Secret)
  t.equal(sink.secret?.reveal(), 'key-of-hook')
  t.equal(sink.headers['Authorization']?.reveal(), 'Bearer key-of-bearer')
  t.notMatch(JSON.stringify(config), /key-of/)
})

t.test('says what is wrong with a sink, and where', async t => {
  const rows: readonly Row[] = [
    [
      sinks('    - { type: kafka, url: "http://a" }\n'),
      ['5:15: error: audit.sinks.0.type: must be syslog, http, webhook or otlp'],
    ],
    [
      sinks('    - { url: "http://a" }\n'),
      ['5:7: error: audit.sinks.0.type: must be syslog, http, webhook or otlp'],
    ],
    [
      sinks('    - { type: syslog, url: "udp://a:514" }\n'),
      ['5:28: error: audit.sinks.0.url: must be tcp://HOST:PORT or tls://HOST:PORT'],
    ],
    [
      sinks('    - { type: http, url: "https://joe:pw@a/x" }\n'),
      [
        '5:26: error: audit.sinks.0.url: must be http://HOST:PORT/PATH or https://HOST:PORT/PATH; give user and password in headers, as Authorization',
      ],
    ],
    [
      sinks('    - { type: http, url: "http://a", facility: local0 }\n'),
      ['5:38: error: audit.sinks.0: unknown key "facility"'],
    ],
    [
      sinks('    - { type: otlp, url: "http://a", on_refused: drop }\n'),
      ['5:50: error: audit.sinks.0.on_refused: must be retry or skip'],
    ],
    [
      sinks('    - { type: http, url: "http://a" }\n    - { type: http, url: "http://b" }\n'),
      ['6:7: error: audit.sinks.1.name: there is another sink "http"; give this one a name of its own'],
    ],
    [
      sinks('    - { type: http, name: ../x, url: "http://a" }\n'),
      ['5:27: error: audit.sinks.0.name: must be a name of letters, digits, - and _'],
    ],
    [
      below('audit:\n  file: "-"\n  sinks: [{ type: http, url: "http://a" }]\n'),
      [
        '4:9: error: audit.file: must be a path, such as /var/log/landwaiter/audit.jsonl: audit.sinks are fed from the file',
      ],
    ],
    [
      sinks('    - { type: webhook, url: "http://a", secret_file: /gone }\n'),
      ['5:54: error: audit.sinks.0.secret_file: cannot read "/gone": no such file'],
    ],
  ]
  await compare(t, rows)
})
