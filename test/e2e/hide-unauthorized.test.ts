import t from 'tap'
import { basic, SAMPLE, startLandwaiter } from '../support/landwaiter.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import type { Scope } from '../support/scope.ts'

const HEX = '0'.repeat(64)
const READS = ['manifests/v1', `manifests/sha256:${HEX}`, `blobs/sha256:${HEX}`, 'tags/list']

async function start(scope: Scope, changes: object) {
  const registry = await startRealRegistry(scope)
  const acl = [{ match: { account: 'developer', name: 'open/*' }, actions: ['pull'] }]
  return startLandwaiter(scope, { config: { registry: { upstream: registry.upstream }, acl, ...changes } })
}

t.test('a denied read cannot be told from one of a repository that does not exist', async t => {
  const lw = await start(t, { hide_unauthorized: true })
  const ask = async (method: string, path: string) => {
    const { status, headers, text } = await lw.request(path, {
      method,
      headers: { authorization: basic('developer') },
    })
    const { 'x-request-id': _id, date: _date, ...rest } = headers
    return { status, names: Object.keys(headers), headers: rest, text }
  }
  for (const read of READS) {
    const methods = read === 'tags/list' ? ['GET'] : ['GET', 'HEAD']
    for (const method of methods) {
      const denied = await ask(method, `/v2/shut/x/${read}`)
      const absent = await ask(method, `/v2/open/x/${read}`)
      const renamed = JSON.parse(JSON.stringify(absent).replaceAll('open/x', 'shut/x'))
      t.strictSame(denied, renamed, `${method} ${read}`)
      t.equal(denied.status, 404)
    }
  }
  const line = lw.audit().find(({ repository, outcome }) => repository === 'shut/x' && outcome === 'denied')
  t.match(
    line,
    { action: 'pull', status: 404, rule: 'default-deny', actor: { name: 'developer' } },
    'the log knows',
  )
})

t.test('who is not logged in is asked to, and a push is refused in words', async t => {
  const lw = await start(t, { hide_unauthorized: true, users: SAMPLE.users })
  t.equal((await lw.request('/v2/shut/x/tags/list')).status, 401)
  const push = await lw.request('/v2/shut/x/blobs/uploads/', {
    method: 'POST',
    headers: { authorization: basic('developer') },
  })
  t.equal(push.status, 403)
})

t.test('without it a denied read is a 403 that says why', async t => {
  const lw = await start(t, {})
  const read = await lw.request('/v2/shut/x/tags/list', { headers: { authorization: basic('developer') } })
  t.equal(read.status, 403)
  t.match(read.text, /developer may not/)
})
