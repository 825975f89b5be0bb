import { readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { basic, SAMPLE, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import type { Scope } from '../support/scope.ts'
import { waitFor } from '../support/wait-for.ts'

const CATALOG = { match: { type: 'registry', name: 'catalog' }, actions: ['*'] }

/** Rewrites sections of the running configuration file, in place. */
function edit(lw: TestLandwaiter, changes: Readonly<Record<string, unknown>>): void {
  writeFileSync(lw.file, stringify({ ...parse(readFileSync(lw.file, 'utf8')), ...changes }))
}

async function start(scope: Scope, options: Parameters<typeof startLandwaiter>[1] = {}) {
  const registry = await startRealRegistry(scope)
  return startLandwaiter(scope, {
    ...options,
    config: { registry: { upstream: registry.upstream }, ...options?.config },
  })
}

t.test('users and rules act on the next request, also for tokens already issued', async t => {
  const lw = await start(t)
  const token = await lw.token('developer', 'repository:dev-backend/x:pull')
  const list = () =>
    lw.request('/v2/dev-backend/x/tags/list', { headers: { authorization: `Bearer ${token}` } })
  t.equal((await list()).status, 404, 'the rule lets the question through to the registry')

  edit(lw, { acl: [{ match: { account: 'admin' }, actions: ['*'] }] })
  t.match(await lw.app.reload(), { outcome: 'loaded', restart: [] })
  const denied = await list()
  t.equal(denied.status, 403, 'the same token')
  t.match(denied.text, /developer may not list the tags of dev-backend\/x/)

  edit(lw, { users: { admin: SAMPLE.users.admin } })
  t.match(await lw.app.reload(), { outcome: 'loaded' })
  const gone = await list()
  t.equal(gone.status, 401)
  t.match(gone.text, /the account of this token no longer exists/)
  t.equal((await lw.request('/auth', { headers: { authorization: basic('developer') } })).status, 401)
})

t.test('a wrong password is forgotten with a right one: a reload asks bcrypt again', async t => {
  const lw = await start(t)
  t.equal((await lw.request('/auth', { headers: { authorization: basic('developer') } })).status, 200)
  edit(lw, {
    users: {
      ...SAMPLE.users,
      developer: { ...SAMPLE.users.developer, password: SAMPLE.users.admin.password },
    },
  })
  await lw.app.reload()
  t.equal((await lw.request('/auth', { headers: { authorization: basic('developer') } })).status, 401)
  const other = basic('developer', 'admin-password')
  t.equal((await lw.request('/auth', { headers: { authorization: other } })).status, 200)
})

t.test('a faulty file is kept out and every fault is told at its place', async t => {
  const lw = await start(t)
  const before = readFileSync(lw.file, 'utf8')
  writeFileSync(lw.file, before.replace('- "*"', '- "*"\n    acount: x').replace('acl:', 'acll:'))
  const result = await lw.app.reload()
  t.equal(result.outcome, 'rejected')
  t.match(result, {
    faults: [/:1:1: error: acl: no rules/, /:\d+:1: error: unknown key "acll"; did you mean "acl"\?/],
  })
  t.ok(lw.log.some(({ level, message }) => level === 'error' && message.includes('did you mean "acl"')))
  t.equal(
    (await lw.request('/auth', { headers: { authorization: basic('developer') } })).status,
    200,
    'goes on as before',
  )
  t.match(lw.audit().at(-2), { action: 'config.reload', kind: 'config', outcome: 'failed' })
  writeFileSync(lw.file, ': not yaml [')
  t.equal((await lw.app.reload()).outcome, 'rejected')
  writeFileSync(lw.file, before)
  t.equal((await lw.app.reload()).outcome, 'loaded')
  const [first, ...reloads] = lw.audit().filter(({ config }) => config !== undefined)
  t.strictSame(
    reloads.map(({ config }) => config),
    [first?.config],
    'the same file again; one that is kept out is not told',
  )
})

t.test('what is bound to a start is named and stays as it is', async t => {
  const lw = await start(t)
  edit(lw, {
    listen: { https: '127.0.0.1:1', http: 'off', admin: '127.0.0.1:0' },
    token: { issuer: 'another', expiration: 77 },
    audit: { file: join(lw.dir, 'other.jsonl'), level: 'requests' },
  })
  const result = await lw.app.reload()
  const restart = ['listen', 'token.issuer', 'audit.file']
  t.match(result, { outcome: 'loaded', restart, warnings: [], config: /^[0-9a-f]{16}$/ })
  t.equal(result.outcome === 'loaded' && result.restart.length, 3)
  const { status, text } = await lw.request('/auth', { headers: { authorization: basic('developer') } })
  t.equal(status, 200)
  t.equal(JSON.parse(text).expires_in, 77, 'the rest is taken over')
  await lw.request('/v2/')
  t.ok(
    lw.audit().some(({ action, kind }) => action === 'check' && kind === 'session'),
    'the level too',
  )
})

t.test('the file is watched: written in place, renamed over, and behind a swapped symbolic link', async t => {
  const lw = await start(t, { watchMs: 50 })
  const catalog = async () =>
    (await lw.request('/v2/_catalog', { headers: { authorization: basic('developer') } })).status
  t.equal(await catalog(), 403)
  edit(lw, { acl: [CATALOG] })
  await waitFor('the file written in place', async () => (await catalog()) === 200)

  const next = join(lw.dir, 'next.yml')
  writeFileSync(next, stringify({ ...parse(readFileSync(lw.file, 'utf8')), acl: [] }))
  renameSync(next, lw.file)
  await waitFor('the file renamed over', async () => (await catalog()) === 403)

  // As Kubernetes mounts a ConfigMap: the file is a link into a directory that a link stands for.
  const target = join(lw.dir, 'v2.yml')
  writeFileSync(target, stringify({ ...parse(readFileSync(lw.file, 'utf8')), acl: [CATALOG] }))
  symlinkSync(target, next)
  renameSync(next, lw.file)
  await waitFor('the link swapped', async () => (await catalog()) === 200)
})

t.test('a reload cuts no connection, and an upload begun before it ends after it', async t => {
  const lw = await start(t)
  const headers = {
    authorization: `Bearer ${await lw.token('developer', 'repository:dev-backend/x:pull,push')}`,
  }
  const begun = await lw.request('/v2/dev-backend/x/blobs/uploads/', { method: 'POST', headers })
  const location = new URL(String(begun.headers['location']))
  edit(lw, { token: { expiration: 60 } })
  const [result, status] = await Promise.all([
    lw.app.reload(),
    lw.request(location.pathname + location.search, { headers }),
  ])
  t.equal(result.outcome, 'loaded')
  t.equal(status.status, 204)
  t.equal(lw.log.filter(({ level }) => level === 'error').length, 0)
})

t.test('the admin listener takes a reload by POST and says how it went, but not from a web page', async t => {
  const lw = await start(t)
  const { request } = await import('undici')
  const post = async (headers: Record<string, string> = {}) => {
    const answer = await request(`${lw.adminUrl}/reload`, { method: 'POST', headers })
    return { status: answer.statusCode, text: await answer.body.text() }
  }
  t.strictSame(await post(), { status: 200, text: 'the configuration was taken over\n' })
  t.equal((await post({ origin: 'https://evil.test' })).status, 405)
  t.equal((await request(`${lw.adminUrl}/reload`)).statusCode, 405, 'a GET changes nothing')
  edit(lw, { acl: 'nonsense' })
  const refused = await post()
  t.equal(refused.status, 422)
  t.match(
    refused.text,
    /config\.yml:\d+:\d+: error: acl: .*\nnot taken over; the configuration before stays in force\n$/,
  )
})
