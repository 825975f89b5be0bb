import t, { type Test } from 'tap'
import { basic, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import {
  plausibleAnswer,
  type RecordedRequest,
  type RecordingUpstream,
  startRecordingUpstream,
} from '../support/recording-upstream.ts'

const D = `sha256:${'ab'.repeat(32)}`
const SERVICE = 'registry.test'
/** Who may push but not delete. */
const acl = [
  { match: { account: 'admin' }, actions: ['*'] },
  { match: { account: 'developer', name: 'dev/*' }, actions: ['pull', 'push'] },
]

async function start(
  t: Test,
  auth: 'internal' | 'passthrough' | 'none',
): Promise<{ readonly upstream: RecordingUpstream; readonly landwaiter: TestLandwaiter }> {
  const upstream = await startRecordingUpstream(t)
  const config = { registry: { upstream: upstream.upstream, auth }, token: { service: SERVICE }, acl }
  return { upstream, landwaiter: await startLandwaiter(t, { config }) }
}

t.test('the registry gets a token of ours for exactly the request, never what the client showed', async t => {
  const { upstream, landwaiter } = await start(t, 'internal')
  const dev = (...actions: readonly string[]) => ({ type: 'repository', name: 'dev/a', actions })
  const cases: readonly (readonly [call: string, access: readonly object[]])[] = [
    ['GET /v2/', []],
    ['GET /v2/dev/a/tags/list', [dev('pull')]],
    ['HEAD /v2/dev/a/manifests/x', [dev('pull')]],
    ['PUT /v2/dev/a/manifests/x', [dev('pull', 'push')]],
    [`HEAD /v2/dev/a/blobs/${D}`, [dev('pull')]],
    ['POST /v2/dev/a/blobs/uploads/', [dev('pull', 'push')]],
    [
      `POST /v2/dev/a/blobs/uploads/?mount=${D}&from=dev/b`,
      [dev('pull', 'push'), { type: 'repository', name: 'dev/b', actions: ['pull'] }],
    ],
    [`POST /v2/dev/a/blobs/uploads/?mount=${D}&from=secret`, [dev('pull', 'push')]],
    ['PATCH /v2/dev/a/blobs/uploads/u?_state=s', [dev('pull', 'push')]],
    ['GET /v2/dev/a/blobs/uploads/u?_state=s', [dev('pull', 'push')]],
    // The registry asks for `delete`; who may push may also stop.
    ['DELETE /v2/dev/a/blobs/uploads/u?_state=s', [dev('delete')]],
  ]
  const wide = await landwaiter.token('developer', 'repository:dev/a:pull,push', 'repository:dev/b:pull')
  for (const authorization of [basic('developer'), `Bearer ${wide}`]) {
    for (const [call, access] of cases) {
      const [method = '', path = ''] = call.split(' ')
      await landwaiter.request(path, { method, headers: { authorization } })
      const [seen] = upstream.take()
      const claims = claimsOf(bearerOf(seen))
      t.strictSame(claims?.['access'], access, call)
      t.match(claims, { sub: 'developer', aud: SERVICE }, call)
      t.ok(Number(claims?.['exp']) - Number(claims?.['iat']) <= 120, 'it is short-lived')
      t.notOk(
        seen?.headers.some(header => header.includes(wide) || /basic/i.test(header)),
        'no credential passes',
      )
    }
  }
  const { status } = await landwaiter.request(`/v2/dev/a/blobs/${D}`, {
    method: 'DELETE',
    headers: { authorization: basic('developer') },
  })
  t.strictSame([status, upstream.take()], [403, []], 'who may push may not delete')
})

t.test('the registry gets the token of the client when told to pass it through', async t => {
  const { upstream, landwaiter } = await start(t, 'passthrough')
  const token = await landwaiter.token('developer', 'repository:dev/a:pull')
  await landwaiter.request('/v2/dev/a/tags/list', { headers: { authorization: `Bearer ${token}` } })
  t.equal(bearerOf(upstream.take()[0]), token)
  await landwaiter.request('/v2/dev/a/tags/list', { headers: { authorization: basic('developer') } })
  const claims = claimsOf(bearerOf(upstream.take()[0]))
  t.match(
    claims,
    { sub: 'developer', access: [{ name: 'dev/a', actions: ['pull'] }] },
    'and one of ours for Basic',
  )
})

t.test('the registry gets no credential when it asks for none', async t => {
  const { upstream, landwaiter } = await start(t, 'none')
  const token = await landwaiter.token('developer', 'repository:dev/a:pull')
  for (const authorization of [basic('developer'), `Bearer ${token}`]) {
    await landwaiter.request('/v2/dev/a/tags/list', { headers: { authorization } })
    t.equal(headerOf(upstream.take()[0], 'authorization'), undefined)
  }
})

t.test('asks the registry once for what changes it, and again for a read alone', async t => {
  let left = 0
  const upstream = await startRecordingUpstream(t, request => {
    const isProbe = headerOf(request, 'x-request-id') === undefined
    return isProbe || left-- <= 0 ? plausibleAnswer(request) : undefined
  })
  const landwaiter = await startLandwaiter(t, {
    config: { registry: { upstream: upstream.upstream, auth: 'none' }, acl },
  })
  const headers = { authorization: basic('admin') }
  for (const [method, path] of [
    ['POST', '/v2/a/blobs/uploads/'],
    ['PATCH', '/v2/a/blobs/uploads/u?_state=s'],
    ['PUT', '/v2/a/manifests/x'],
    ['DELETE', '/v2/a/manifests/x'],
  ] as const) {
    left = 1
    const body = method === 'DELETE' ? {} : { body: 'ab' }
    const { status } = await landwaiter.request(path, { method, headers, ...body })
    t.equal(status, 503, `${method} fails`)
    t.equal(upstream.take().length, 1, `${method} is not sent again`)
  }
  const read = async () => (await landwaiter.request('/v2/a/tags/list', { headers })).status
  t.equal(await read(), 200)
  upstream.take()
  left = 1
  t.equal(await read(), 200, 'a read on a connection that the registry had kept is asked again')
  t.equal(upstream.take().length, 2)
})

function headerOf(request: RecordedRequest | undefined, name: string): string | undefined {
  return request?.headers.find(header => header.startsWith(`${name}: `))?.slice(name.length + 2)
}

function bearerOf(request: RecordedRequest | undefined): string {
  return headerOf(request, 'authorization')?.replace(/^Bearer /, '') ?? ''
}

function claimsOf(token: string): Record<string, unknown> | undefined {
  const [, payload] = token.split('.')
  return payload === undefined ? undefined : JSON.parse(Buffer.from(payload, 'base64url').toString())
}
