import t from 'tap'
import { ACL, basicHeader, claims, realmAnswer, SERVICE, startRealm, urlencoded } from './token-realm.ts'

const ADMIN = basicHeader('admin:admin-password')

const realm = await startRealm(t)

/** One entry of the `access` claim. */
function entry(type: string, name: string, ...actions: readonly string[]) {
  return { type, name, actions }
}

t.test('scopes are read as docker_auth reads them', async t => {
  const fooBar = entry('repository', 'foo/bar', 'pull', 'push')
  const granted = [
    {
      query: 'scope=repository:foo/bar:push,pull&scope=repository:x:delete',
      access: [fooBar, entry('repository', 'x', 'delete')],
      why: 'a repeated parameter',
    },
    {
      query: 'scope=repository:foo/bar:push,pull%20repository:x:delete',
      access: [fooBar, entry('repository', 'x', 'delete')],
      why: 'a list with spaces',
    },
    {
      query: 'scope=repository:foo/bar:push,pull+repository:x:delete',
      access: [fooBar, entry('repository', 'x', 'delete')],
      why: 'a space may be a plus',
    },
    { query: 'scope=registry:catalog:*', access: [entry('registry', 'catalog', '*')], why: 'the catalog' },
    {
      query: 'scope=repository(plugin):foo/bar:pull',
      access: [entry('repository', 'foo/bar', 'pull')],
      why: 'registries do not accept a type with a class',
    },
    {
      query: 'scope=repository:host:5000/foo:pull',
      access: [entry('repository', 'host:5000/foo', 'pull')],
      why: 'a name may hold one colon',
    },
    { query: 'scope=repository:foo:', access: [entry('repository', 'foo', '')], why: 'an empty action' },
    { query: 'scope=repository::pull', access: [entry('repository', '', 'pull')], why: 'an empty name' },
    {
      query: 'scope=repository:foo:pull,pull,push',
      access: [entry('repository', 'foo', 'pull', 'pull', 'push')],
      why: 'repeats stay',
    },
    {
      query: 'scope=repository:a/../b:pull',
      access: [entry('repository', 'a/../b', 'pull')],
      why: 'names are not cleaned; no path of ours is made of them',
    },
    {
      query: 'scope=repository:a?b:pull',
      access: [entry('repository', 'a?b', 'pull')],
      why: 'only the first question mark begins the query',
    },
    {
      query: 'scope=repository:a%00b:pull',
      access: [entry('repository', 'a\0b', 'pull')],
      why: 'a NUL is a character like others',
    },
    {
      query: 'scope=repository:%ff:pull',
      access: [entry('repository', '\ufffd', 'pull')],
      why: 'bytes that are not UTF-8 are replaced',
    },
    { query: '', access: [], why: 'no scope' },
    { query: 'scope=', access: [], why: 'an empty scope' },
    { query: 'scope=%zz', access: [], why: 'bad percent-encoding drops the parameter' },
    {
      query: 'scope=repository:x;y:pull',
      access: [],
      why: 'as in Go, a semicolon drops the parameter',
    },
    // Where we differ, to the client's advantage: docker_auth answers 400, or drops every scope.
    {
      query: 'scope=repository:foo:pull%20',
      access: [entry('repository', 'foo', 'pull')],
      why: 'deviation: a space at the end is no scope',
    },
    {
      query: 'scope=repository:foo:pull&scope=',
      access: [entry('repository', 'foo', 'pull')],
      why: 'deviation: an empty parameter is no scope',
    },
    {
      query: 'scope=&scope=repository:foo:pull',
      access: [entry('repository', 'foo', 'pull')],
      why: 'deviation: an empty first parameter does not cancel the others',
    },
  ]
  for (const { query, access, why } of granted) {
    const answer = realmAnswer(await realm.request(`/auth?${query}`, { headers: ADMIN }))
    t.strictSame(answer, { status: 200, sub: 'admin', aud: SERVICE, access }, `${query}: ${why}`)
  }

  const refused = [
    { query: 'scope=REPO:foo:pull', message: 'malformed scope request', why: 'no type in it' },
    { query: 'scope=foo', message: 'invalid scope: "foo"', why: 'one part' },
    {
      query: 'scope=repository:a:b:c:pull',
      message: 'invalid scope: "repository:a:b:c:pull"',
      why: 'five parts',
    },
    {
      query: 'scope=repository:%20x:pull',
      message: 'invalid scope: "repository:"',
      why: 'a space splits scopes',
    },
    {
      query: 'scope=repository:x:pull%09repository:y:pull',
      message: 'invalid scope: "repository:x:pull\\trepository:y:pull"',
      why: 'a tab splits nothing',
    },
    {
      query: 'scope=repository:x:pull%2Brepository:y:pull',
      message: 'invalid scope: "repository:x:pull+repository:y:pull"',
      why: 'an encoded plus splits nothing',
    },
    // Where docker_auth takes the first hit of its pattern and makes up a type that nobody asked for.
    {
      query: 'scope=Repository:foo:pull',
      message: 'malformed scope request',
      why: 'deviation: not "epository"',
    },
    {
      query: 'scope=aregistry-x:catalog:*',
      message: 'malformed scope request',
      why: 'deviation: not "aregistry"',
    },
  ]
  for (const { query, message, why } of refused) {
    const answer = realmAnswer(await realm.request(`/auth?${query}`, { headers: ADMIN }))
    t.strictSame(answer, { status: 400, message: `Bad request: ${message}` }, `${query}: ${why}`)
  }
})

t.test('what the policy denies is left out of the token, which is no error', async t => {
  const cases = [
    { user: '', scope: 'repository:x:push', actions: [] },
    { user: '', scope: 'repository:x:pull,push,delete,*', actions: ['pull'] },
    { user: '', scope: 'registry:catalog:*', actions: [] },
    { user: 'labelled', scope: 'repository:dev-a/x:pull,push,delete', actions: ['pull', 'push'] },
    { user: 'labelled', scope: 'repository:dev-b/y:push', actions: ['push'] },
    { user: 'labelled', scope: 'repository:dev-c/z:pull', actions: [] },
    { user: 'labelled', scope: 'repository:DEV-a/x:pull', actions: [] },
  ]
  for (const { user, scope, actions } of cases) {
    const headers = user === '' ? {} : basicHeader(`${user}:${user}-password`)
    const { status, access } = realmAnswer(await realm.request(`/auth?scope=${scope}`, { headers }))
    t.strictSame(
      { status, actions: access?.map(one => one.actions) },
      { status: 200, actions: [actions] },
      `${user || 'anonymous'} ${scope}`,
    )
  }
})

t.test('only for the registry behind us are tokens signed', async t => {
  const cases = [
    { query: '', aud: SERVICE, why: 'no service: ours' },
    { query: 'service=', aud: SERVICE, why: 'an empty one: ours' },
    { query: `service=${SERVICE}`, aud: SERVICE, why: 'the right one' },
    { query: `service=${SERVICE}&service=other`, aud: SERVICE, why: 'the first counts' },
    { query: 'service=other', status: 400, why: 'deviation: docker_auth signs for anybody' },
    { query: `service=other&service=${SERVICE}`, status: 400, why: 'the first counts' },
  ]
  for (const { query, aud, status = 200, why } of cases) {
    const answer = realmAnswer(await realm.request(`/auth?${query}`))
    t.match(answer, { status, aud }, `${query}: ${why}`)
  }
  const { message } = realmAnswer(await realm.request('/auth?service=other'))
  t.equal(message, 'Bad request: unknown service "other", this is "registry.test"')
})

t.test('the answer has what clients need and nothing that misleads them', async t => {
  const scope = 'repository:x:pull,push'
  for (const { method, answer } of [
    { method: 'GET', answer: await realm.request(`/auth?scope=${scope}`) },
    { method: 'POST', answer: await realm.request('/auth', urlencoded(`scope=${scope}`)) },
  ]) {
    const body = JSON.parse(answer.text)
    t.equal(answer.status, 200)
    t.equal(answer.headers['content-type'], 'application/json')
    t.equal(answer.headers['cache-control'], 'no-store', 'RFC 6749 §5.1')
    t.equal(body.token, body.access_token, 'clients read either')
    t.equal(body.expires_in, 300)
    t.equal(claims(body.token).exp - claims(body.token).iat, 300)
    const posted = method === 'POST' ? { scope: 'repository:x:pull' } : {}
    const names = ['access_token', 'token', 'expires_in', ...Object.keys(posted)]
    t.strictSame(
      Object.keys(body),
      names,
      `${method}: no issued_at, which clients hold against their own clock`,
    )
    t.match(body, posted, 'the scope that was granted (RFC 6749 §5.1)')
  }
})

t.test('the realm has two paths and two methods', async t => {
  const cases = [
    { path: '/auth', status: 200 },
    { path: '/auth/token', status: 200, why: "registry 2.8's autoredirect" },
    { path: '/auth', method: 'POST', status: 200 },
    { path: '/auth/token', method: 'POST', status: 200 },
    ...['HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'].map(method => ({ path: '/auth', method, status: 405 })),
    ...['/auth/', '/AUTH', '//auth', '/auth/token/', '/authx'].map(path => ({ path, status: 404 })),
  ]
  for (const { path, method = 'GET', status, why = '' } of cases) {
    const { headers, ...answer } = await realm.request(path, { method })
    t.equal(answer.status, status, `${method} ${path} ${why}`)
    if (status === 405) t.equal(headers['allow'], 'GET, POST', 'RFC 9110 §15.5.6')
    if (method === 'HEAD') t.equal(answer.text, '')
  }
})

t.test('path_prefix moves the realm as docker_auth does', async t => {
  const moved = await startRealm(t, { server: { path_prefix: '/docker' } })
  for (const [path, status] of [
    ['/docker/auth', 200],
    ['/docker/auth/token', 200],
    ['/auth', 404],
    ['/dockerauth', 404],
  ] as const) {
    t.equal((await moved.request(path)).status, status, path)
  }
  const { headers } = await moved.request('/v2/')
  t.match(headers['www-authenticate'], `Bearer realm="${moved.url}/docker/auth",service="${SERVICE}"`)
})

t.test("docker_auth's real_ip_header tells the client, or the request is refused", async t => {
  const proxied = await startRealm(t, {
    tls: { mode: 'off' },
    listen: { https: 'off', http: '127.0.0.1:0', admin: '127.0.0.1:0' },
    server: { real_ip_header: 'X-Forwarded-For', real_ip_pos: -2 },
    acl: [{ match: { ip: '2.2.2.2' }, actions: ['pull'] }],
  })
  const cases = [
    { value: '1.1.1.1, 2.2.2.2,3.3.3.3', status: 200, actions: ['pull'] },
    { value: '2.2.2.2', status: 200, actions: ['pull'], why: 'as far as the list goes' },
    { value: '2.2.2.2, 1.1.1.1,3.3.3.3', status: 200, actions: [], why: 'another client' },
    { value: '[2001:db8::1]:80', status: 200, actions: [], why: 'brackets and port are cut off' },
    { value: 'unknown', status: 400 },
    { value: 'fe80::1%eth0', status: 400 },
    { value: '', status: 400 },
  ]
  for (const { value, status, actions, why = 'as docker_auth' } of cases) {
    const headers = { 'x-forwarded-for': value }
    const answer = realmAnswer(await proxied.request('/auth?scope=repository:x:pull', { headers }))
    t.match(answer, { status, ...(actions && { access: [{ actions }] }) }, `${value}: ${why}`)
  }
  const none = realmAnswer(await proxied.request('/auth'))
  t.match(none, { status: 400, message: /^Bad request: .*address/ })
})

t.test('without the anonymous user a login is asked for, in words that a client prints', async t => {
  const closed = await startRealm(t, { users: { nopw: {} }, acl: ACL })
  const answer = await closed.request('/auth?scope=repository:x:pull')
  t.equal(answer.status, 401)
  t.equal(answer.headers['www-authenticate'], 'Basic realm="Acme \\"auth\\" server"')
  t.strictSame(JSON.parse(answer.text), {
    errors: [{ code: 'UNAUTHORIZED', message: 'authentication required: log in first' }],
  })
})
