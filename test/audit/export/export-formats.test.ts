import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { AuditRecord } from '../../../src/audit/audit-fields.ts'
import { EXPORT_FORMATS } from '../../../src/audit/export/export-formats.ts'
import { parseRecord } from '../../../src/audit/reading/parse-record.ts'
import { record } from '../reading/log-files.ts'

const DIGEST = `sha256:${'9b'.repeat(32)}`

const DENIED = record({
  seq: 44,
  action: 'delete',
  outcome: 'denied',
  status: 403,
  actor: { name: 'dev-ann', kind: 'user', via: 'token', token_id: 'tk_9f2c' },
  client_ip: '2001:db8::5',
  peer_ip: '10.0.0.2',
  repository: 'prod/api',
  tag: 'v1',
  digest: DIGEST,
  bytes_out: 90,
  duration_ms: 0.6,
  method: 'DELETE',
  path: '/v2/prod/api/manifests/v1',
  host: 'registry.example.com',
  user_agent: 'regctl/0.7',
  tls: '1.3',
  rule: 'default-deny',
  reason: 'no rule allows delete on prod/api for dev-ann',
  prev: '3f'.repeat(32),
})

const LOGIN = record({
  seq: 45,
  action: 'login',
  kind: 'session',
  outcome: 'denied',
  status: 401,
  actor: { name_redacted: true, kind: 'user', via: 'static' },
  repository: undefined,
  tag: undefined,
  host: 'auth.example.com',
  reason: 'wrong user name or password',
})

const TOKEN = record({
  seq: 46,
  action: 'token',
  kind: 'token',
  repository: undefined,
  tag: undefined,
  granted: ['repository:team/web:pull'],
  expires: '2026-11-24T16:11:04.000Z',
})

const GAP = record({
  seq: 105,
  action: 'audit.gap',
  kind: 'audit',
  status: undefined,
  actor: { kind: 'system' },
  client_ip: undefined,
  repository: undefined,
  tag: undefined,
  from_seq: 101,
  to_seq: 104,
  count: 4,
})

function json(format: 'ecs' | 'ocsf' | 'cadf', one: AuditRecord): unknown {
  return JSON.parse(EXPORT_FORMATS[format].format(one) ?? '')
}

t.test('ecs: a denied deletion', async t => {
  t.strictSame(json('ecs', DENIED), {
    '@timestamp': '2026-11-24T16:00:44.000Z',
    ecs: { version: '8.17.0' },
    event: {
      kind: 'event',
      category: ['api'],
      type: ['deletion', 'denied'],
      action: 'delete',
      outcome: 'failure',
      id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7',
      sequence: 44,
      duration: 600_000,
      reason: 'no rule allows delete on prod/api for dev-ann',
      hash: '3f'.repeat(32),
      provider: 'landwaiter',
      dataset: 'landwaiter.audit',
    },
    message: 'no rule allows delete on prod/api for dev-ann',
    user: { name: 'dev-ann' },
    source: { ip: '2001:db8::5' },
    client: { ip: '2001:db8::5' },
    user_agent: { original: 'regctl/0.7' },
    http: {
      request: { id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7', method: 'DELETE' },
      response: { status_code: 403, body: { bytes: 90 } },
    },
    url: { domain: 'registry.example.com', path: '/v2/prod/api/manifests/v1' },
    container: { image: { name: 'prod/api', tag: ['v1'], hash: { all: [DIGEST] } } },
    rule: { name: 'default-deny' },
    tls: { version: '1.3', version_protocol: 'tls' },
    observer: { name: 'gw-1', product: 'landwaiter', type: 'registry' },
    related: { ip: ['2001:db8::5', '10.0.0.2'], user: ['dev-ann'], hash: [DIGEST] },
    landwaiter: {
      kind: 'manifest',
      outcome: 'denied',
      digest: DIGEST,
      peer_ip: '10.0.0.2',
      actor: { kind: 'user', via: 'token', token_id: 'tk_9f2c' },
    },
  })
})

t.test('ecs: a login and lost lines', async t => {
  t.match(json('ecs', LOGIN), {
    event: { category: ['authentication'], type: ['start'], outcome: 'failure' },
  })
  t.match(json('ecs', GAP), {
    event: { category: ['process'], type: ['info'] },
    landwaiter: { from_seq: 101, to_seq: 104, count: 4 },
  })
})

t.test('ocsf: a denied deletion is API Activity', async t => {
  t.strictSame(json('ocsf', DENIED), {
    time: Date.UTC(2026, 10, 24, 16, 0, 44),
    category_uid: 6,
    class_uid: 6003,
    activity_id: 4,
    activity_name: 'Delete',
    type_uid: 600_304,
    severity_id: 2,
    status_id: 2,
    status: 'Failure',
    status_code: '403',
    status_detail: 'no rule allows delete on prod/api for dev-ann',
    metadata: {
      version: '1.6.0',
      profiles: ['host'],
      product: { name: 'landwaiter', vendor_name: 'landwaiter' },
      uid: '01JDF3Z8K3T9V7Q6M2X4B5C6D7',
      sequence: 44,
      log_name: 'audit',
      log_version: '1',
      event_code: 'delete/manifest/denied',
    },
    device: { name: 'gw-1', hostname: 'gw-1', type_id: 1 },
    src_endpoint: { ip: '2001:db8::5', intermediate_ips: ['10.0.0.2'] },
    http_request: {
      uid: '01JDF3Z8K3T9V7Q6M2X4B5C6D7',
      http_method: 'DELETE',
      user_agent: 'regctl/0.7',
      url: { hostname: 'registry.example.com', path: '/v2/prod/api/manifests/v1' },
    },
    http_response: { code: 403, body_length: 90, latency: 1 },
    actor: { user: { name: 'dev-ann', type_id: 1, credential_uid: 'tk_9f2c' } },
    api: {
      operation: 'delete manifest',
      service: { name: 'landwaiter' },
      request: { uid: '01JDF3Z8K3T9V7Q6M2X4B5C6D7' },
    },
    resources: [{ name: 'prod/api:v1', type: 'manifest', uid: DIGEST }],
    unmapped: { tls: '1.3', rule: 'default-deny', prev: '3f'.repeat(32) },
  })
})

t.test('ocsf: logins, tokens, the server and lost lines have their classes', async t => {
  t.match(json('ocsf', LOGIN), {
    class_uid: 3002,
    type_uid: 300_201,
    user: { name: 'unknown', type_id: 1 },
    service: { name: 'auth.example.com' },
  })
  t.match(json('ocsf', TOKEN), {
    class_uid: 3003,
    type_uid: 300_301,
    user: { name: 'ann' },
    privileges: ['repository:team/web:pull'],
    session: { expiration_time: Date.UTC(2026, 10, 24, 16, 11, 4) },
  })
  t.match(json('ocsf', { ...TOKEN, granted: [] }), {
    class_uid: 3002,
    type_uid: 300_299,
    activity_name: 'Token',
    user: { name: 'ann' },
    privileges: undefined,
  })
  t.match(json('ocsf', { ...GAP, action: 'server.start', kind: 'server', version: '0.1.0' }), {
    class_uid: 6002,
    type_uid: 600_203,
    app: { name: 'landwaiter', version: '0.1.0' },
  })
  t.match(json('ocsf', GAP), { class_uid: 0, type_uid: 99, severity_id: 3, unmapped: { count: 4 } })
})

t.test('cadf: a denied deletion, with the whole record attached', async t => {
  t.strictSame(json('cadf', DENIED), {
    typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event',
    id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7-44',
    eventType: 'activity',
    eventTime: '2026-11-24T16:00:44.000Z',
    action: 'delete',
    outcome: 'failure',
    initiator: {
      id: 'dev-ann',
      typeURI: 'service/security/account/user',
      name: 'dev-ann',
      host: { address: '2001:db8::5', agent: 'regctl/0.7' },
    },
    target: { id: DIGEST, typeURI: 'data/image', name: 'prod/api:v1' },
    observer: { id: 'gw-1', typeURI: 'service/storage', name: 'landwaiter' },
    reason: {
      reasonType: 'http://www.iana.org/assignments/http-status-codes/http-status-codes.xml',
      reasonCode: '403',
      policyId: 'default-deny',
    },
    attachments: [
      { name: 'record', typeURI: 'mime:application/json', contentType: 'application/json', content: DENIED },
    ],
  })
  t.match(json('cadf', LOGIN), { action: 'authenticate/login', initiator: { id: 'unknown' } })
  t.match(json('cadf', GAP), { action: 'notify', initiator: { id: 'gw-1', typeURI: 'service' } })
})

t.test('cef: an attacker adds no field and no line', async t => {
  const evil = record({
    action: 'push',
    client_ip: '192.0.2.66',
    user_agent: 'a=b\\c|d\nCEF:0|x suser=root',
    node: 'gw-1',
    reason: undefined,
  })
  t.equal(
    EXPORT_FORMATS.cef.format(evil),
    'CEF:0|landwaiter|landwaiter|1|push/manifest|manifest push|3|rt=1795536001000 externalId=01JDF3Z8K3T9V7Q6M2X4B5C6D7 ' +
      'dvchost=gw-1 act=push outcome=success suser=ann src=192.0.2.66 ' +
      'requestClientApplication=a\\=b\\\\c|d\\nCEF:0|x suser\\=root ' +
      'cs1=team/web cs1Label=repository cs2=1.0 cs2Label=tag cn1=200 cn1Label=status cn2=1 cn2Label=seq\n',
  )
  const unknown = { ...evil, kind: 'a|b\\c\nd' } as unknown as AuditRecord
  t.match(EXPORT_FORMATS.cef.format(unknown), /\|1\|push\/a\\\|b\\\\c d\|a\\\|b\\\\c d push\|3\|/)
})

t.test('cef: an IPv6 address has a field of its own, and what is worse is more severe', async t => {
  t.match(EXPORT_FORMATS.cef.format(DENIED), /\|6\|.* c6a2=2001:db8::5 c6a2Label=Source IPv6 Address /)
  t.match(
    EXPORT_FORMATS.cef.format(GAP),
    /^CEF:0\|landwaiter\|landwaiter\|1\|audit\.gap\/audit\|audit\.gap\|8\|/,
  )
})

t.test('csv: cells are quoted where they must be, and run in no spreadsheet', async t => {
  const cells = (fields: Partial<AuditRecord>) => {
    const names = EXPORT_FORMATS.csv.head.trimEnd().split(',')
    const row = EXPORT_FORMATS.csv.format(record(fields))
    return { names, row }
  }
  const { names, row } = cells({
    tag: undefined,
    reason: 'said "no", twice',
    user_agent: '=cmd|calc',
    scopes: ['a', 'b'],
  })
  t.strictSame(names.slice(0, 4), ['v', 'time', 'node', 'seq'])
  t.ok(names.includes('actor_name'))
  t.match(row, /,"said ""no"", twice",/)
  t.match(row, /,'=cmd\|calc,/)
  t.match(row, /,a b,/)
  t.ok(row?.endsWith('\r\n'))
  for (const start of ['=', '+', '-', '@', '\t', '\r']) {
    t.match(cells({ tag: `${start}1` }).row, new RegExp(`['"]'?\\${start}1`), JSON.stringify(start))
  }
})

const GOLDEN = readFileSync(join(import.meta.dirname, '../golden-lines.txt'), 'utf8')
  .split('\n')
  .filter(line => line.startsWith('{'))

t.test('every line of the golden file has its place in every format', async t => {
  const columns = EXPORT_FORMATS.csv.head.split(',').length
  t.ok(GOLDEN.length > 20)
  for (const line of GOLDEN) {
    const parsed = parseRecord(line)
    if (parsed.outcome !== 'record') throw new Error(`${parsed.reason}: ${line}`)
    for (const format of ['ecs', 'ocsf', 'cadf'] as const) {
      const text = EXPORT_FORMATS[format].format(parsed.record) ?? ''
      // The record attached in CADF is as it is.
      if (
        /null|\{\}|\[\]/.test(text.replace(/"attachments".*/, '')) ||
        text.indexOf('\n') !== text.length - 1
      )
        t.fail(`${format}: ${text}`)
    }
    const row = (EXPORT_FORMATS.csv.format(parsed.record) ?? '').replace(/"(?:[^"]|"")*"/g, '')
    if (row.split(',').length !== columns) t.fail(`csv: ${row}`)
  }
})
