import t from 'tap'
import { AUDIT_FIELDS, type AuditRecord } from '../../src/audit/audit-fields.ts'
import { LINE_LIMIT } from '../../src/audit/format-line.ts'
import { auditLine } from '../support/audit-line.ts'

const record: AuditRecord = {
  v: 1,
  time: '2026-11-24T16:06:00.123Z',
  node: 'gw-1',
  seq: 1,
  id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7',
  action: 'token',
  kind: 'token',
  outcome: 'success',
  actor: { name: 'ann', kind: 'user' },
}

t.test('keys come in the documented order, whatever the order of the event', async t => {
  const shuffled = Object.fromEntries(Object.entries(record).reverse()) as unknown as AuditRecord
  t.equal(auditLine({ ...shuffled, actor: { kind: 'user', name: 'ann' } }), auditLine(record))
  t.equal(
    auditLine(record),
    '{"v":1,"time":"2026-11-24T16:06:00.123Z","node":"gw-1","seq":1,"id":"01JDF3Z8K3T9V7Q6M2X4B5C6D7","action":"token","kind":"token","outcome":"success","actor":{"name":"ann","kind":"user"}}\n',
  )
})

t.test('a terminal gets nothing to obey and JSON gives the text back', async t => {
  const controls = [
    '\u0000',
    '\n',
    '\u001b',
    '\u007f',
    '\u0080',
    '\u009b',
    '\u009f',
    '\u061c',
    '\u200e',
    '\u200f',
  ]
  const others = ['\u2028', '\u2029', '\u202a', '\u202e', '\u2066', '\u2069', '\ud800']
  const nasty = [...controls, ...others].join('x')
  const line = auditLine({
    ...record,
    user_agent: nasty,
    actor: { name: nasty, kind: 'user' },
    scopes: [nasty],
  })
  t.match(line, /^[\x20-\x7e]+\n$/)
  t.equal(JSON.parse(line).user_agent, nasty)
  t.equal(JSON.parse(line).actor.name, nasty)
  t.ok(
    auditLine({ ...record, user_agent: 'Zoë 日本 😀' }).includes('Zoë 日本 😀'),
    'other text stays readable',
  )
})

t.test('a long line is cut in its texts and lists, never dropped', async t => {
  const scopes = Array.from({ length: 500 }, (_, index) => `repository:team/service-${index}:pull,push`)
  const line = auditLine({ ...record, scopes, granted: scopes, path: '/v2/short' })
  const parsed = JSON.parse(line)
  t.ok(Buffer.byteLength(line) <= LINE_LIMIT)
  t.ok(parsed.scopes.length > 40, `${parsed.scopes.length} scopes are shown`)
  t.strictSame(parsed.scopes.slice(0, -1), scopes.slice(0, parsed.scopes.length - 1))
  t.equal(parsed.scopes.at(-1), `+${500 - (parsed.scopes.length - 1)} more`)
  t.equal(parsed.path, '/v2/short')
  const long = JSON.parse(auditLine({ ...record, path: `/v2/${'a'.repeat(60_000)}`, rule: 'acl[3]' }))
  t.match(long.path, /^\/v2\/a{2044}…$/)
  t.equal(long.rule, 'acl[3]')
})

t.test('the longest line is 8192 bytes, and one of that length is whole', async t => {
  const longest = { ...record, seq: Number.MAX_SAFE_INTEGER, prev: 'f'.repeat(64) }
  const fixed = Buffer.byteLength(auditLine({ ...longest, path: '' }))
  const fits = auditLine({ ...longest, path: 'a'.repeat(LINE_LIMIT - fixed) })
  t.equal(Buffer.byteLength(fits), LINE_LIMIT)
  t.notOk(fits.includes('…'))
  t.ok(auditLine({ ...longest, path: 'a'.repeat(LINE_LIMIT - fixed + 1) }).includes('…'))
})

t.test('no text whatever makes a line too long', async t => {
  for (const character of ['a', '"', '\u0000', '\u009b', 'é', '日', '😀', '\ud800']) {
    const text = character.repeat(9000)
    const every = Object.fromEntries(
      AUDIT_FIELDS.filter(field => field.type === 'string' && field.name !== 'prev').map(field => [
        field.name,
        text,
      ]),
    )
    const worst = {
      ...record,
      ...every,
      actor: { name: text, kind: 'user', via: text, token_id: text },
      scopes: Array(100).fill(text),
      granted: Array(1000).fill(character),
    } as unknown as AuditRecord
    const line = auditLine(worst)
    t.ok(
      Buffer.byteLength(line) <= LINE_LIMIT,
      `${JSON.stringify(character)}: ${Buffer.byteLength(line)} bytes`,
    )
    t.equal(JSON.parse(line).seq, 1)
  }
})
