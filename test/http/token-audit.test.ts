import { readFileSync } from 'node:fs'
import t from 'tap'
import type { RequestOptions } from '../support/landwaiter.ts'
import { basicHeader, startRealm, urlencoded } from './token-realm.ts'

const ADMIN = basicHeader('admin:admin-password')
const admin = { name: 'admin', kind: 'user' }
const anonymous = { name: 'anonymous', kind: 'anonymous' }

/** A request and what its line says, beside what all have in common. */
interface Row {
  readonly why: string
  readonly path?: string
  readonly options?: RequestOptions
  readonly line: Readonly<Record<string, unknown>>
}

const ROWS: readonly Row[] = [
  {
    why: 'a login is a token without scopes',
    options: { headers: ADMIN },
    line: {
      action: 'login',
      kind: 'session',
      outcome: 'success',
      status: 200,
      actor: { ...admin, via: 'static' },
    },
  },
  {
    why: 'a token',
    path: '/auth/token?scope=repository:a:pull,push+repository:b:delete',
    options: { headers: ADMIN },
    line: {
      action: 'token',
      kind: 'token',
      outcome: 'success',
      status: 200,
      actor: { ...admin, via: 'static' },
      scopes: ['repository:a:pull,push', 'repository:b:delete'],
      granted: ['repository:a:pull,push', 'repository:b:delete'],
    },
  },
  {
    why: 'a token without all that was asked for',
    path: '/auth?scope=repository:a:pull,push&scope=repository:b:push',
    line: {
      action: 'token',
      kind: 'token',
      outcome: 'success',
      status: 200,
      actor: anonymous,
      scopes: ['repository:a:pull,push', 'repository:b:push'],
      granted: ['repository:a:pull'],
    },
  },
  {
    why: 'a token for nothing',
    line: { action: 'token', kind: 'token', outcome: 'success', status: 200, actor: anonymous },
  },
  {
    why: 'a wrong password',
    path: '/auth?scope=repository:a:pull',
    options: { headers: basicHeader('admin:WRONG') },
    line: {
      action: 'login',
      kind: 'session',
      outcome: 'denied',
      status: 401,
      actor: admin,
      scopes: ['repository:a:pull'],
      reason: 'the password is wrong',
    },
  },
  {
    why: 'an unknown name, which the client is not told',
    options: urlencoded('username=mallory&password=WRONG'),
    line: {
      action: 'login',
      kind: 'session',
      outcome: 'denied',
      status: 401,
      actor: { name: 'mallory', kind: 'user' },
      reason: 'there is no such user',
    },
  },
  {
    why: 'a name that looks like a password is not written',
    options: { headers: basicHeader('correct horse battery staple:') },
    line: {
      action: 'login',
      kind: 'session',
      outcome: 'denied',
      status: 401,
      actor: { name_redacted: true, kind: 'user' },
      reason: 'there is no such user',
    },
  },
  {
    why: 'neither is it when the account gives it away',
    path: '/auth?account=admin',
    options: { headers: basicHeader('correct horse battery staple:') },
    line: {
      action: 'token',
      kind: 'token',
      outcome: 'failed',
      status: 400,
      actor: { name_redacted: true, kind: 'user' },
      reason: 'user and account are not the same',
    },
  },
  {
    why: 'a malformed scope',
    path: '/auth?scope=foo',
    options: { headers: ADMIN },
    line: {
      action: 'token',
      kind: 'token',
      outcome: 'failed',
      status: 400,
      actor: admin,
      reason: 'Bad request: invalid scope: "foo"',
    },
  },
  {
    why: 'a foreign service',
    path: '/auth?service=other&scope=repository:a:pull',
    line: {
      action: 'token',
      kind: 'token',
      outcome: 'failed',
      status: 400,
      actor: anonymous,
      scopes: ['repository:a:pull'],
      reason: 'Bad request: unknown service "other", this is "registry.test"',
    },
  },
]

t.test(
  'every request to the realm leaves one line that says who asked for what and what came of it',
  async t => {
    const started = Date.parse('2026-11-24T16:00:00Z')
    const realm = await startRealm(t, {}, { clock: () => started })
    const before = realm.audit().length
    const answers: string[] = []
    for (const { path = '/auth', options = {} } of ROWS) {
      const agent = { 'user-agent': 'docker/27.3.1' }
      const { text } = await realm.request(path, { ...options, headers: { ...options.headers, ...agent } })
      answers.push(text)
    }
    const lines = realm.audit().slice(before)
    t.equal(lines.length, ROWS.length)
    for (const [index, { why, path = '/auth', options, line }] of ROWS.entries()) {
      const { v, node, seq, prev, id, duration_ms, tls, ...said } = (lines[index] ?? {}) as Record<
        string,
        unknown
      >
      const issued =
        line['status'] === 200
          ? {
              actor: { ...Object(line['actor']), token_id: idOfToken(answers[index] ?? '') },
              expires: '2026-11-24T16:05:00.000Z',
            }
          : {}
      t.strictSame(
        said,
        {
          time: '2026-11-24T16:00:00.000Z',
          client_ip: '127.0.0.1',
          method: options?.method ?? 'GET',
          path: path.split('?')[0],
          host: realm.host,
          user_agent: 'docker/27.3.1',
          product: 'docker 27.3.1',
          ...line,
          ...issued,
        },
        why,
      )
    }
    const text = readFileSync(realm.auditFile, 'utf8')
    for (const secret of ['admin-password', 'WRONG', 'horse', 'eyJ']) {
      t.notOk(text.includes(secret), `no line has ${secret}`)
      t.notOk(JSON.stringify(realm.log).includes(secret), `nor has the log ${secret}`)
    }
  },
)

t.test('an answer carries the id of its line', async t => {
  const realm = await startRealm(t)
  const { headers } = await realm.request('/auth')
  t.equal(headers['x-request-id'], realm.audit().at(-1)?.id)
})

function idOfToken(answer: string): string {
  const [, claims = ''] = JSON.parse(answer).token.split('.')
  return JSON.parse(Buffer.from(claims, 'base64url').toString()).jti
}
