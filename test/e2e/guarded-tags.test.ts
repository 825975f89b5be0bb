import { createHash } from 'node:crypto'
import t from 'tap'
import { basic, SAMPLE, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { startRealRegistry } from '../support/real-registry.ts'

const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
const digestOf = (bytes: string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

async function putConfig({ request }: TestLandwaiter, name: string): Promise<(marker: string) => string> {
  const headers = { authorization: basic('admin') }
  const start = await request(`/v2/${name}/blobs/uploads/`, { method: 'POST', headers })
  const location = new URL(String(start.headers['location']))
  location.searchParams.set('digest', digestOf('{}'))
  const done = await request(location.pathname + location.search, { method: 'PUT', headers, body: '{}' })
  t.equal(done.status, 201)
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('{}'), size: 2 }
  return marker =>
    JSON.stringify({ schemaVersion: 2, mediaType: IMAGE, config, layers: [], annotations: { marker } })
}

const ACL = [
  { match: { labels: { role: 'administrator' } }, actions: ['*'] },
  { match: { account: 'developer', name: 'prod/*' }, actions: ['pull', 'push'], tags: ['v*', 'new'] },
  { match: { account: 'developer', name: 'prod/*' }, actions: ['pull', 'overwrite'], tags: ['moving'] },
  { match: { account: 'developer', name: 'prod/*' }, actions: ['pull', 'delete'], tags: ['dev*'] },
]

t.test('guards hold for a whole landwaiter in front of a real registry', async t => {
  const registry = await startRealRegistry(t)
  const landwaiter = await startLandwaiter(t, {
    config: {
      registry: { upstream: registry.upstream },
      users: SAMPLE.users,
      acl: ACL,
      immutable_tags: [{ name: 'prod/*', tags: ['v*'] }],
      manifest_rules: [{ name: 'prod/*', tags: ['*'], media_types: [IMAGE] }],
    },
  })
  const manifest = await putConfig(landwaiter, 'prod/api')
  const put = (user: string, tag: string, body: string, type = IMAGE) =>
    landwaiter.request(`/v2/prod/api/manifests/${tag}`, {
      method: 'PUT',
      headers: { authorization: basic(user), 'content-type': type },
      body,
    })
  const remove = (user: string, reference: string) =>
    landwaiter.request(`/v2/prod/api/manifests/${reference}`, {
      method: 'DELETE',
      headers: { authorization: basic(user) },
    })
  const lastLine = () => landwaiter.audit().at(-1)

  await t.test('fifty parallel pushes by two users leave one winner and fifty lines', async t => {
    const before = landwaiter.audit().length
    const bodies = Array.from({ length: 50 }, (_, n) => manifest(`race ${n}`))
    const answers = await Promise.all(bodies.map((body, n) => put(n % 2 ? 'admin' : 'developer', 'v1', body)))
    t.equal(answers.filter(({ status }) => status === 201).length, 1)
    t.equal(answers.filter(({ status }) => status === 403).length, 49)
    const lines = landwaiter.audit().slice(before)
    t.equal(lines.length, 50)
    t.equal(lines.filter(({ outcome, action }) => outcome === 'success' && action === 'push').length, 1)
    const denied = lines.filter(({ outcome }) => outcome === 'denied')
    t.equal(denied.length, 49)
    const winner = lines.find(({ outcome }) => outcome === 'success')?.digest
    t.match(denied[0], {
      action: 'overwrite',
      tag: 'v1',
      previous_digest: winner,
      rule: 'immutable_tags[0]',
      reason: /^tag v1 of prod\/api is immutable/,
    })
  })

  await t.test('the right to create and the right to move are told apart', async t => {
    t.equal((await put('developer', 'new', manifest('a'))).status, 201)
    t.equal((await put('developer', 'new', manifest('a'))).status, 201, 'the same again')
    const moved = await put('developer', 'new', manifest('b'))
    t.equal(moved.status, 403)
    t.match(lastLine(), { outcome: 'denied', action: 'overwrite', tag: 'new' })
    t.equal((await put('developer', 'moving', manifest('a'))).status, 403, 'not there yet')
    t.equal((await put('admin', 'moving', manifest('a'))).status, 201)
    t.equal((await put('developer', 'moving', manifest('b'))).status, 201)
    t.match(lastLine(), {
      outcome: 'success',
      action: 'overwrite',
      tag: 'moving',
      digest: digestOf(manifest('b')),
      previous_digest: digestOf(manifest('a')),
      rule: 'acl[2]',
      bytes_in: manifest('b').length,
      size: manifest('b').length,
    })
    const anonymous = await landwaiter.request('/v2/prod/api/manifests/v9', { method: 'PUT', body: '{}' })
    t.equal(anonymous.status, 401)
    t.equal((await put('developer', 'other', manifest('a'))).status, 403)
  })

  await t.test('tokens still have to cover a push', async t => {
    const pull = await landwaiter.token('admin', 'repository:prod/api:pull')
    const push = await landwaiter.token('admin', 'repository:prod/api:pull,push')
    const withToken = (token: string) =>
      landwaiter.request('/v2/prod/api/manifests/token', {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, 'content-type': IMAGE },
        body: manifest('token'),
      })
    const refused = await withToken(pull)
    t.equal(refused.status, 401)
    t.match(String(refused.headers['www-authenticate']), /insufficient_scope/)
    t.equal((await withToken(push)).status, 201)
  })

  await t.test('a deletion looks at the tags, and its line names those that went', async t => {
    const body = manifest('deleted')
    await put('admin', 'dev1', body)
    await put('admin', 'dev2', body)
    await put('admin', 'stays', body)
    const refused = await remove('developer', digestOf(body))
    t.match(JSON.parse(refused.text).errors[0], { code: 'DENIED', message: /as the tag stays would go$/ })
    t.match(lastLine(), { outcome: 'denied', action: 'delete', digest: digestOf(body) })
    t.equal((await remove('admin', digestOf(body))).status, 202)
    t.match(lastLine(), { action: 'delete', outcome: 'success', removed_tags: ['dev1', 'dev2', 'stays'] })
    const winner = await landwaiter.request('/v2/prod/api/manifests/v1', {
      headers: { authorization: basic('admin'), accept: IMAGE },
    })
    const immutable = await remove('admin', String(winner.headers['docker-content-digest']))
    t.match(immutable, { status: 403, text: /immutable_tags\[0\]/ })
    t.equal(lastLine()?.rule, 'immutable_tags[0]')
    t.match(await remove('admin', 'new'), { status: 405, text: /registry 2.8 cannot delete a single tag/ })
    t.match(lastLine(), { outcome: 'failed', action: 'delete', status: 405 })
  })

  await t.test('what no rule allows is refused with the rule in the line', async t => {
    const index = JSON.stringify({ schemaVersion: 2, manifests: [] })
    const answer = await put('admin', 'multi', index, 'application/vnd.oci.image.index.v1+json')
    t.match(answer, { status: 403, text: /manifest_rules\[0\] refuses prod\/api:multi/ })
    t.match(lastLine(), { outcome: 'denied', action: 'push', kind: 'index', rule: 'manifest_rules[0]' })
  })
})
