import t from 'tap'
import type { AuditRecord } from '../../../src/audit/audit-fields.ts'
import { compileSelection, type RecordQuery } from '../../../src/audit/reading/select-records.ts'
import { type IpNetwork, parseIpNetwork } from '../../../src/policy/ip-network.ts'
import { record } from './log-files.ts'

const DIGEST = `sha256:9b2c${'0'.repeat(60)}`

function networks(...texts: readonly string[]): readonly IpNetwork[] {
  return texts.flatMap(text => parseIpNetwork(text) ?? [])
}

const CASES: readonly {
  readonly query: RecordQuery
  readonly yes: readonly Partial<AuditRecord>[]
  readonly no: readonly Partial<AuditRecord>[]
}[] = [
  { query: {}, yes: [{}, { action: 'audit.gap', repository: undefined }], no: [] },
  { query: { actions: ['push', 'delete'] }, yes: [{ action: 'push' }], no: [{ action: 'overwrite' }] },
  { query: { kinds: ['blob'] }, yes: [{ kind: 'blob' }], no: [{}] },
  { query: { outcomes: ['denied'] }, yes: [{ outcome: 'denied' }], no: [{}] },
  {
    query: { repositories: ['team/*', 'prod'] },
    yes: [{}, { repository: 'prod' }],
    no: [{ repository: 'team/a/b' }, { repository: 'prod/api' }, { repository: undefined }],
  },
  {
    query: { actors: ['ann', 'ci-*'] },
    yes: [{}, { actor: { name: 'ci-web', kind: 'user' } }],
    no: [{ actor: { name: 'anna', kind: 'user' } }, { actor: { name_redacted: true, kind: 'user' } }],
  },
  { query: { tags: ['1.*'] }, yes: [{}], no: [{ tag: '2.0' }, { tag: undefined }] },
  {
    query: { clients: networks('203.0.113.0/24', '2001:db8::/32') },
    yes: [{}, { client_ip: '2001:db8::5' }, { client_ip: '::ffff:203.0.113.9' }],
    no: [{ client_ip: '203.0.114.1' }, { client_ip: undefined }, { client_ip: 'unknown' }],
  },
  {
    query: { digests: ['sha256:9b2c', 'ffff'] },
    yes: [{ digest: DIGEST }, { previous_digest: DIGEST }, { digest: 'sha512:ffff00' }],
    no: [{}, { digest: 'sha256:b2c0' }],
  },
  { query: { digests: ['9b2c'] }, yes: [{ digest: DIGEST }], no: [{ digest: 'sha256:a9b2c' }] },
  { query: { ids: [record().id] }, yes: [{}], no: [{ id: '01JDF3Z8K3T9V7Q6M2X4B5C6D8' }] },
  {
    query: { since: Date.UTC(2026, 10, 24, 16, 0, 5), until: Date.UTC(2026, 10, 24, 16, 0, 7) },
    yes: [{ seq: 5 }, { seq: 6 }],
    no: [{ seq: 4 }, { seq: 7 }],
  },
  {
    query: { actions: ['pull'], repositories: ['team/*'], outcomes: ['success'] },
    yes: [{}],
    no: [{ outcome: 'denied' }, { repository: 'x' }, { action: 'push' }],
  },
]

for (const { query, yes, no } of CASES) {
  t.test(`every part of ${Object.keys(query).join(', ') || 'nothing'} must hold`, async t => {
    const select = compileSelection(query)
    for (const fields of yes) t.ok(select(record(fields)), JSON.stringify(fields))
    for (const fields of no) t.notOk(select(record(fields)), JSON.stringify(fields))
  })
}
