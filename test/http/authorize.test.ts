import t, { type Test } from 'tap'
import { basic, startLandwaiter, type TestAnswer, type TestLandwaiter } from '../support/landwaiter.ts'
import { connectRaw, requestHead } from '../support/raw-client.ts'
import { type RecordingUpstream, startRecordingUpstream } from '../support/recording-upstream.ts'

const D = `sha256:${'ab'.repeat(32)}`
const SERVICE = 'registry.test'
const TTL_SECONDS = 900
const SESSION = '0b51f4a5-0c0c-4d5e-8f6d-8a5f3f6d1c11'
const STATE = `/v2/dev/a/blobs/uploads/${SESSION}?_state=s`

const acl = [
  { match: { account: 'admin' }, actions: ['*'] },
  { match: { account: 'developer', name: 'dev/*' }, actions: ['pull', 'push'] },
  { match: { account: '', name: 'public/*' }, actions: ['pull'] },
]

interface Stage {
  readonly landwaiter: TestLandwaiter
  readonly upstream: RecordingUpstream
  /** Makes a call, `METHOD path`, with a token. */
  readonly ask: (call: string, token: string) => Promise<TestAnswer>
  readonly passSeconds: (seconds: number) => void
}

async function setStage(t: Test): Promise<Stage> {
  let now = Date.now()
  const upstream = await startRecordingUpstream(t)
  const config = {
    token: { service: SERVICE, expiration: TTL_SECONDS },
    registry: { upstream: upstream.upstream, auth: 'none' },
    acl,
  }
  const landwaiter = await startLandwaiter(t, { config, clock: () => now })
  return {
    landwaiter,
    upstream,
    ask: (call, token) => {
      const [method = '', path = ''] = call.split(' ')
      const body = /^(PUT|PATCH)/.test(method) ? { body: 'ab' } : {}
      return landwaiter.request(path, { method, headers: { authorization: `Bearer ${token}` }, ...body })
    },
    passSeconds: seconds => {
      now += seconds * 1000
    },
  }
}

t.test('sends who has a right but not in the token for a wider token', async t => {
  const { landwaiter, upstream, ask } = await setStage(t)
  const token = await landwaiter.token('developer', 'repository:dev/a:pull')
  const cases: readonly (readonly [call: string, scope: string])[] = [
    ['PUT /v2/dev/a/manifests/x', 'repository:dev/a:pull,push'],
    ['POST /v2/dev/a/blobs/uploads/', 'repository:dev/a:pull,push'],
    [`DELETE ${STATE}`, 'repository:dev/a:pull,push'],
    ['GET /v2/dev/b/tags/list', 'repository:dev/b:pull'],
    [`HEAD /v2/dev/b/blobs/${D}`, 'repository:dev/b:pull'],
  ]
  for (const [call, scope] of cases) {
    const { status, headers } = await ask(call, token)
    const challenge = `Bearer realm="${landwaiter.url}/auth",service="${SERVICE}",scope="${scope}",error="insufficient_scope",error_description="the token does not cover this request"`
    t.strictSame([status, headers['www-authenticate']], [401, challenge], call)
  }
  t.strictSame(upstream.take(), [], 'the registry gets no request')
  t.equal((await ask('GET /v2/dev/a/tags/list', token)).status, 200, 'what is in the token is served')
})

t.test('tells a user who may not, whatever the token says, why', async t => {
  const { landwaiter, upstream, ask } = await setStage(t)
  const token = await landwaiter.token('developer', 'repository:secret/x:*', 'repository:dev/a:*')
  const cases: readonly (readonly [call: string, what: string, rule: string])[] = [
    ['GET /v2/secret/x/manifests/1', 'secret/x', 'default-deny'],
    ['HEAD /v2/secret/x/manifests/1', 'secret/x', 'default-deny'],
    [`GET /v2/secret/x/blobs/${D}`, 'secret/x', 'default-deny'],
    ['GET /v2/secret/x/tags/list', 'secret/x', 'default-deny'],
    ['PUT /v2/secret/x/manifests/1', 'secret/x', 'default-deny'],
    ['POST /v2/secret/x/blobs/uploads/', 'secret/x', 'default-deny'],
    ['DELETE /v2/dev/a/manifests/1', 'dev/a', 'acl[1]'],
    [`DELETE /v2/dev/a/blobs/${D}`, 'dev/a', 'acl[1]'],
    ['GET /v2/_catalog', 'the catalog', 'default-deny'],
  ]
  for (const [call, what, rule] of cases) {
    const { status, headers, text } = await ask(call, token)
    t.strictSame([status, headers['www-authenticate']], [403, undefined], call)
    if (call.startsWith('HEAD')) t.equal(text, '')
    else checkDenial(t, JSON.parse(text).errors[0], { code: 'DENIED', what, rule })
  }
  const check = await ask(`HEAD /v2/secret/x/blobs/${D}`, token)
  t.equal(check.status, 401, 'HEAD of a blob is asked before a push, whose own answer has the words')
  const description = descriptionOf(check, 'insufficient_scope')
  checkDenial(
    t,
    { code: 'DENIED', message: description },
    { code: 'DENIED', what: 'secret/x', rule: 'default-deny' },
  )
  t.strictSame(upstream.take(), [], 'the registry gets no request')
})

t.test('offers a login to nobody where somebody may have more', async t => {
  const { landwaiter, upstream, ask } = await setStage(t)
  const token = await landwaiter.token('', 'repository:public/a:pull,push', 'repository:dev/a:pull')
  t.equal((await ask('GET /v2/public/a/tags/list', token)).status, 200)
  upstream.take()
  for (const call of ['PUT /v2/public/a/manifests/1', 'GET /v2/dev/a/tags/list', 'GET /v2/_catalog']) {
    const { status, headers, text } = await ask(call, token)
    t.equal(status, 401, call)
    t.match(
      headers['www-authenticate'],
      /,error="insufficient_scope",error_description="anonymous may not /,
      call,
    )
    t.match(JSON.parse(text), { errors: [{ code: 'UNAUTHORIZED', message: /^anonymous may not / }] }, call)
  }
  t.strictSame(upstream.take(), [], 'the registry gets no request')
})

t.test('lets who may push stop an upload, without the right to delete', async t => {
  const { landwaiter, ask } = await setStage(t)
  const token = await landwaiter.token('developer', 'repository:dev/a:pull,push')
  t.equal((await ask('POST /v2/dev/a/blobs/uploads/', token)).status, 202)
  t.equal((await ask(`DELETE ${STATE}`, token)).status, 202)
})

t.test('lets an upload that began with a valid token end with the expired one', async t => {
  const { landwaiter, ask, passSeconds } = await setStage(t)
  const token = await landwaiter.token(
    'developer',
    'repository:dev/a:pull,push',
    'repository:dev/b:pull,push',
  )
  t.equal((await ask('POST /v2/dev/a/blobs/uploads/', token)).status, 202)
  passSeconds(TTL_SECONDS + 60)
  const refused: readonly (readonly [why: string, call: string])[] = [
    ['another upload', 'POST /v2/dev/a/blobs/uploads/'],
    ['another session', `PATCH /v2/dev/a/blobs/uploads/0b51f4a5-0c0c-4d5e-8f6d-8a5f3f6d1c12?_state=s`],
    ['the session in another repository', `PATCH ${STATE.replace('dev/a', 'dev/b')}`],
    ['a manifest', 'PUT /v2/dev/a/manifests/x'],
    ['a look at a blob', `HEAD /v2/dev/a/blobs/${D}`],
    ['the base', 'GET /v2/'],
  ]
  for (const [why, call] of refused) {
    const { status, headers } = await ask(call, token)
    t.equal(status, 401, why)
    t.match(
      headers['www-authenticate'],
      /error="invalid_token",error_description="the token has expired"$/,
      why,
    )
  }
  t.equal((await ask(`PATCH ${STATE}`, token)).status, 202, 'more of it')
  t.equal((await ask(`GET ${STATE}`, token)).status, 204, 'how far it is')
  t.equal((await ask(`PUT ${STATE}&digest=${D}`, token)).status, 201, 'its end')
  t.equal((await ask(`PATCH ${STATE}`, token)).status, 401, 'and no more after its end')
})

t.test('lets nobody end the upload of another with an expired token', async t => {
  const { landwaiter, ask, passSeconds } = await setStage(t)
  const developer = await landwaiter.token('developer', 'repository:dev/a:pull,push')
  const admin = await landwaiter.token('admin', 'repository:dev/a:pull,push')
  t.equal((await ask('POST /v2/dev/a/blobs/uploads/', admin)).status, 202)
  passSeconds(TTL_SECONDS + 60)
  t.equal((await ask(`PUT ${STATE}&digest=${D}`, developer)).status, 401)
  t.equal((await ask(`DELETE ${STATE}`, developer)).status, 401)
  t.equal((await ask(`PUT ${STATE}&digest=${D}`, admin)).status, 201, 'but its own')
})

t.test('answers an upload without a right before its body is sent', async t => {
  const { landwaiter, upstream } = await setStage(t)
  const headers = {
    authorization: basic('developer'),
    expect: '100-continue',
    'content-length': '5000000000',
  }
  const lines = Object.entries({ host: landwaiter.host, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const client = await connectRaw(t, landwaiter)
  client.socket.write(requestHead('PATCH /v2/secret/x/blobs/uploads/u', ...lines))
  await client.closed
  t.match(client.received().toString(), /^HTTP\/1\.1 403 /, 'no 100 Continue comes before it')
  t.strictSame(upstream.take(), [])
})

/** A sentence for the docker user: who may not do what, and which rule says so; it fits into a header. */
function checkDenial(
  t: Test,
  { code, message }: { readonly code: string; readonly message: string },
  expected: { readonly code: string; readonly what: string; readonly rule: string },
): void {
  t.equal(code, expected.code)
  t.match(message, /^developer may not [ -~]{1,180}$/)
  t.ok(message.includes(expected.what) && message.includes(expected.rule), message)
}

function descriptionOf({ headers }: TestAnswer, error: string): string {
  const pattern = new RegExp(`,error="${error}",error_description="([^"]+)"$`)
  return pattern.exec(String(headers['www-authenticate']))?.[1] ?? ''
}
