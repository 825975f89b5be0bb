import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ACTOR_KEYS, AUDIT_FIELDS } from '../../src/audit/audit-fields.ts'
import { createAuditFilter } from '../../src/audit/audit-filter.ts'
import { createAuditor } from '../../src/audit/auditor.ts'
import { describeCertificateEvent } from '../../src/audit/describe-certificate-event.ts'
import { describeLogEvent } from '../../src/audit/describe-log-event.ts'
import { describeRegistryExchange } from '../../src/audit/describe-registry-exchange.ts'
import { describeServerEvent } from '../../src/audit/describe-server-event.ts'
import { describeTokenExchange } from '../../src/audit/describe-token-exchange.ts'
import type { AuditEvent } from '../../src/model/audit-event.ts'
import type { CertificateEvent } from '../../src/model/certificate-event.ts'
import { auditLine } from '../support/audit-line.ts'
import { BLOB_CASES } from './blob-cases.ts'
import { bare, COMPLETED, DIGEST, exchange } from './exchange.ts'
import { MANIFEST_CASES } from './manifest-cases.ts'
import { OTHER_CASES, TOKEN_CASES } from './other-cases.ts'

const GOLDEN = join(import.meta.dirname, 'golden-lines.txt')
const REGISTRY_CASES = [...MANIFEST_CASES, ...BLOB_CASES, ...OTHER_CASES]
const server = { at: COMPLETED.at, id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7' } as const

const name = 'registry.example.com'
const certificate = {
  name,
  authority: 'letsencrypt',
  notAfter: COMPLETED.at + 90 * 86_400_000,
  serial: '04A1',
}
const failed = {
  kind: 'failed',
  name,
  isRepeated: false,
  authority: 'zerossl',
  reason: 'no A record',
  nextAt: COMPLETED.at,
} as const
const CERTIFICATE_EVENTS: readonly (readonly [string, CertificateEvent])[] = [
  ['a certificate is obtained', { kind: 'obtained', ...certificate }],
  ['a certificate is renewed', { kind: 'renewed', ...certificate }],
  ['another process renewed a certificate', { kind: 'adopted', ...certificate }],
  ['a certificate is not obtained', { ...failed, isRenewal: false }],
  ['a certificate is not renewed', { ...failed, authority: undefined, isRenewal: true }],
  [
    'a certificate expires soon',
    { kind: 'expiring', name, notAfter: certificate.notAfter, reason: 'the authority is not reached' },
  ],
  [
    'a certificate is revoked',
    { kind: 'revoked', name, authority: 'letsencrypt', serial: '04A1', reason: 'key-compromise' },
  ],
]

const EVENTS: readonly (readonly [string, AuditEvent])[] = [
  ...REGISTRY_CASES.map(([why, , from]) => [why, describeRegistryExchange(from, COMPLETED)] as const),
  ...TOKEN_CASES.map(([why, from]) => [why, describeTokenExchange(from, COMPLETED)] as const),
  [
    'the server starts',
    describeServerEvent({
      ...server,
      action: 'server.start',
      version: '0.1.0',
      pid: 4711,
      config: '9f86d081884c7d65',
      previousStop: 'clean',
    }),
  ],
  ['the server stops', describeServerEvent({ ...server, action: 'server.stop' })],
  [
    'a configuration is refused',
    describeServerEvent({
      ...server,
      action: 'config.reload',
      outcome: 'failed',
      reason: '2 configuration errors',
    }),
  ],
  ['the log goes on in a new file', describeLogEvent('audit.rotate', { ...server, file: 'audit.jsonl.1' })],
  [
    'the log is signed',
    describeLogEvent('audit.checkpoint', { ...server, key: '5f0c2a9e1b7d4c38', signature: 'mJ3x' }),
  ],
  [
    'lines are lost',
    describeLogEvent('audit.gap', { ...server, from_seq: 7, to_seq: 9, count: 3, reason: 'ENOSPC' }),
  ],
  ['an old file is removed', describeLogEvent('audit.prune', { ...server, file: 'audit.jsonl.1' })],
  ...CERTIFICATE_EVENTS.map(([why, event]) => [why, describeCertificateEvent(event, server)] as const),
]

const text = EVENTS.map(
  ([why, event], index) => `# ${why}\n${auditLine({ v: 1, node: 'gw-1', seq: index + 1, ...event })}`,
).join('')

t.test('every exchange is the golden line, key by key', async t => {
  if (process.env['UPDATE'] === '1') await writeFile(GOLDEN, text)
  const golden = (await readFile(GOLDEN, 'utf8')).split('# ')
  t.strictSame(text.split('# '), golden)
})

t.test('the golden lines use every action, kind, outcome and field', async t => {
  const seen = (key: keyof AuditEvent) => [...new Set(EVENTS.map(([, event]) => event[key]))].sort()
  t.strictSame(
    seen('action').join(' '),
    'audit.checkpoint audit.gap audit.prune audit.rotate cert.expiring cert.issue cert.load cert.renew cert.revoke check config.reload delete list login mount overwrite pull push server.start server.stop token',
  )
  t.strictSame(
    seen('kind').join(' '),
    'audit blob catalog certificate config index manifest referrers server session tag tags token',
  )
  t.strictSame(seen('outcome').join(' '), 'aborted denied failed limited success')
  const keys = new Set(EVENTS.flatMap(([, event]) => [...Object.keys(event), 'v', 'node', 'seq', 'prev']))
  t.strictSame([...keys].sort(), AUDIT_FIELDS.map(field => field.name).sort())
  const actorKeys = new Set(EVENTS.flatMap(([, event]) => Object.keys(event.actor)))
  t.strictSame([...actorKeys].sort(), [...ACTOR_KEYS].sort())
})

t.test('no query and no secret is in any line', async t => {
  t.notMatch(text, /secret|\?/)
  t.notMatch(text, /correct horse/)
})

t.test('the level decides what is a line', async t => {
  const levels = (['manifests', 'blobs', 'requests'] as const).map(level =>
    createAuditFilter({ level, omit: [] }),
  )
  for (const [why, expected, from] of REGISTRY_CASES) {
    const event = describeRegistryExchange(from, COMPLETED)
    t.equal(levels.map(isSelected => (isSelected(event) ? 'y' : 'n')).join(''), expected, why)
  }
  for (const [why, from] of TOKEN_CASES) {
    const event = describeTokenExchange(from, COMPLETED)
    t.equal(levels.map(isSelected => (isSelected(event) ? 'y' : 'n')).join(''), 'yyy', why)
  }
})

t.test('omit drops what succeeded, never what was denied or failed', async t => {
  const isSelected = createAuditFilter({ level: 'blobs', omit: ['check', 'pull', 'token'] })
  const lines = EVENTS.filter(
    ([, event]) => ['check', 'pull', 'token'].includes(event.action) && isSelected(event),
  )
  t.ok(lines.length > 5)
  t.notOk(lines.some(([, event]) => event.outcome === 'success'))
  t.ok(
    EVENTS.some(([, event]) => event.action === 'push' && event.outcome === 'success' && isSelected(event)),
  )
})

t.test('the auditor appends one line with the clocks of now, and the tag of a pull by digest', async t => {
  const lines: AuditEvent[] = []
  const auditor = createAuditor({
    append: async event => void lines.push(event),
    clock: () => COMPLETED.at,
    monotonic: () => COMPLETED.monotonicMs,
    refusal: () => undefined,
    selection: { level: 'blobs', omit: ['check'] },
  })
  const target = { kind: 'manifest', name: 'team/web' } as const
  const head = exchange('HEAD', 'team/web/manifests/1.0', {
    request: { ...target, verb: 'check', reference: { kind: 'tag', tag: '1.0' } },
    transfer: { digest: DIGEST },
  })
  const get = exchange('GET', `team/web/manifests/${DIGEST}`, {
    request: { ...target, verb: 'read', reference: { kind: 'digest', digest: DIGEST } },
    transfer: { digest: DIGEST },
  })
  await auditor.registry(head)
  await auditor.registry(get)
  await auditor.registry(bare(get))
  for (const [, login] of TOKEN_CASES.slice(0, 1)) await auditor.token(login)
  t.strictSame(
    lines.map(({ action, tag, time, duration_ms }) => ({ action, tag, time, duration_ms })),
    [
      { action: 'pull', tag: '1.0', time: '2026-11-24T16:06:00.123Z', duration_ms: 12.4 },
      { action: 'login', tag: undefined, time: '2026-11-24T16:06:00.123Z', duration_ms: 12.4 },
    ],
  )
  const broken = createAuditor({
    append: () => Promise.reject(new Error('full')),
    clock: () => COMPLETED.at,
    monotonic: () => COMPLETED.monotonicMs,
    refusal: () => undefined,
    selection: { level: 'blobs', omit: [] },
  })
  await t.rejects(broken.registry(get), { message: 'full' })
})
