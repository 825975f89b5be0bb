import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { base64url, CompactSign, exportJWK } from 'jose'
import t from 'tap'
import { ensureSigningKey } from '../../src/token/generate-key.ts'
import { loadSigningKey } from '../../src/token/signing-key.ts'
import { basic, SAMPLE, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import { tempDir } from '../support/temp-dir.ts'

const D = `sha256:${'ab'.repeat(32)}`
const SERVICE = 'registry.test'
const ISSUER = 'Test issuer'
const TTL_SECONDS = 900
const state = join(tempDir(t), 'state')
const ownKey = await loadKey(join(state, 'token'))
const otherKey = await loadKey(join(tempDir(t), 'other'))
const upstream = await startRecordingUpstream(t)
let now = Date.now()

function start(changes: Readonly<Record<string, unknown>> = {}): Promise<TestLandwaiter> {
  const config = {
    state_dir: state,
    token: { issuer: ISSUER, service: SERVICE, expiration: TTL_SECONDS },
    registry: { upstream: upstream.upstream },
    // Everybody may pull everything: only what proves somebody is at stake here.
    acl: [...SAMPLE.acl.slice(0, 2), { match: { type: 'repository' }, actions: ['pull'] }],
    ...changes,
  }
  return startLandwaiter(t, { config, clock: () => now })
}

t.beforeEach(() => {
  upstream.take()
})

const landwaiter = await start()
const realm = `${landwaiter.url}/auth`

async function loadKey(dir: string) {
  return loadSigningKey(await ensureSigningKey(dir, { clock: Date.now }))
}

function ask(path: string, authorization?: string, method = 'GET') {
  return landwaiter.request(path, { method, headers: authorization === undefined ? {} : { authorization } })
}

t.test('asks everybody for a token at the base, also when everybody may pull', async t => {
  for (const authorization of [undefined, basic('')]) {
    const answer = await ask('/v2/', authorization)
    t.equal(answer.status, 401)
    t.equal(
      answer.headers['www-authenticate'],
      `Bearer realm="${realm}",service="${SERVICE}"`,
      'Bearer, and nothing else',
    )
    t.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0')
    t.strictSame(JSON.parse(answer.text), {
      errors: [{ code: 'UNAUTHORIZED', message: 'authentication required', detail: null }],
    })
  }
  t.equal((await ask('/v2/', undefined, 'HEAD')).status, 401)
  const anonymous = await landwaiter.token('')
  t.equal((await ask('/v2/', `Bearer ${anonymous}`)).status, 200, 'a token of nobody is one')
})

t.test('names the scope and no error to who shows nothing', async t => {
  const cases: readonly (readonly [call: string, scope: string])[] = [
    ['GET /v2/a/b/tags/list', 'repository:a/b:pull'],
    ['PUT /v2/a/b/manifests/x', 'repository:a/b:pull,push'],
    ['DELETE /v2/a/b/manifests/x', 'repository:a/b:delete'],
    ['POST /v2/a/b/blobs/uploads/?mount=x&from=c', 'repository:a/b:pull,push'],
    [`POST /v2/a/b/blobs/uploads/?mount=${D}&from=c`, 'repository:a/b:pull,push repository:c:pull'],
    ['GET /v2/_catalog', 'registry:catalog:*'],
  ]
  for (const [call, scope] of cases) {
    const [method = '', path = ''] = call.split(' ')
    const { status, headers } = await ask(path, undefined, method)
    const header = `Bearer realm="${realm}",service="${SERVICE}",scope="${scope}"`
    t.strictSame([status, headers['www-authenticate']], [401, header], call)
  }
  t.strictSame(upstream.take(), [], 'the registry gets no request')
})

t.test('sends clients to the domain of logins, at the port that they use', async t => {
  const two = await start({ domains: { registry: 'localhost', auth: 'auth.test' } })
  const { headers } = await two.request('/v2/')
  const port = two.host.split(':')[1]
  t.match(headers['www-authenticate'], `Bearer realm="https://auth.test:${port}/auth",`)
})

t.test('takes no token but our own', async t => {
  const seconds = Math.floor(now / 1000)
  const claims = {
    iss: ISSUER,
    sub: 'admin',
    aud: SERVICE,
    exp: seconds + 600,
    nbf: seconds - 10,
    iat: seconds,
    jti: 'x',
    access: [{ type: 'repository', name: 'a', actions: ['*'] }],
  }
  const forge = (changes: object, header: object = {}, key = ownKey) =>
    new CompactSign(Buffer.from(JSON.stringify({ ...claims, ...changes })))
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: ownKey.kid, ...header })
      .sign(key.privateKey)
  const genuine = await forge({})
  const [head = '', payload = '', signature = ''] = genuine.split('.')
  const unsigned = base64url.encode(JSON.stringify({ alg: 'none', typ: 'JWT', kid: ownKey.kid }))
  const symmetric = `${base64url.encode(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid: ownKey.kid }))}.${payload}`
  const hmac = createHmac('sha256', ownKey.publicKey.export({ type: 'spki', format: 'pem' }))
  const other = base64url.encode(JSON.stringify({ ...claims, sub: 'developer' }))
  const stranger = 'it is no token of this server'
  const cases: readonly (readonly [why: string, token: string, reason: string])[] = [
    ['no signature', `${unsigned}.${payload}.`, stranger],
    ['the signature of another header', `${unsigned}.${payload}.${signature}`, stranger],
    ['the public key as a secret', `${symmetric}.${hmac.update(symmetric).digest('base64url')}`, stranger],
    ['another key under our id', await forge({}, {}, otherKey), stranger],
    ['another key under its own id', await forge({}, { kid: otherKey.kid }, otherKey), stranger],
    [
      'a key that it brings',
      await forge({}, { jwk: await exportJWK(otherKey.publicKey) }, otherKey),
      stranger,
    ],
    ['a certificate that it brings', await forge({}, { x5c: [otherKey.x5c] }, otherKey), stranger],
    ['other claims', `${head}.${other}.${signature}`, stranger],
    ['no token at all', 'abc', stranger],
    ['the audience of another registry', await forge({ aud: 'other.test' }), 'it is for another service'],
    ['another issuer', await forge({ iss: 'other' }), 'it has another issuer'],
    ['a token of tomorrow', await forge({ nbf: seconds + 3600 }), 'it is not valid yet'],
    ['no expiry', await forge({ exp: undefined }), stranger],
  ]
  for (const [why, token, reason] of cases) {
    const { status, headers, text } = await ask('/v2/a/tags/list', `Bearer ${token}`)
    const message = `the token is refused: ${reason}`
    const challenge = `Bearer realm="${realm}",service="${SERVICE}",scope="repository:a:pull",error="invalid_token",error_description="${message}"`
    t.strictSame([status, headers['www-authenticate']], [401, challenge], why)
    t.match(JSON.parse(text), { errors: [{ code: 'UNAUTHORIZED', message }] }, why)
  }
  t.strictSame(upstream.take(), [], 'the registry gets no request')
  t.equal((await ask('/v2/a/tags/list', `Bearer ${genuine}`)).status, 200, 'the same without a fault')
  upstream.take()
})

t.test('takes a password for scripts, and says the same of a wrong one and of an unknown name', async t => {
  t.equal((await ask('/v2/', basic('developer'))).status, 200)
  const wrong = await ask('/v2/', basic('developer', 'wrong'))
  const unknown = await ask('/v2/', basic('nobody', 'wrong'))
  const challenge = `Bearer realm="${realm}",service="${SERVICE}",error="invalid_token",error_description="wrong user name or password"`
  for (const answer of [wrong, unknown]) {
    t.strictSame([answer.status, answer.headers['www-authenticate']], [401, challenge])
  }
  t.equal(wrong.text, unknown.text)
  t.notMatch(wrong.headers['www-authenticate'], /basic/i, 'clients that are told of Basic forget Bearer')
})

t.test('refuses an Authorization header that it cannot read', async t => {
  const headers = [
    'Basic',
    'Basic !!!!',
    'Basic YWJj',
    'Basic  YWRtaW46YWRtaW4tcGFzc3dvcmQ=',
    'Bearer',
    'Bearer a b',
    'Bearer a, Bearer b',
    `Bearer ${'a'.repeat(40_000)}`,
    'Digest username="admin"',
    'Negotiate abc',
    'admin:admin-password',
  ]
  for (const header of headers) {
    const { status, headers, text } = await ask('/v2/a/tags/list', header)
    t.equal(status, 401, header.slice(0, 40))
    t.match(headers['www-authenticate'], /,error="invalid_token",error_description="[^"]+"$/)
    t.notMatch(text, /YWRt|admin/, 'the answer does not repeat it')
  }
  t.strictSame(upstream.take(), [], 'the registry gets no request')
})

t.test('takes a token until the second in which it expires', async t => {
  const token = await landwaiter.token('developer', 'repository:a:pull')
  const start = now
  now = start + (TTL_SECONDS - 1) * 1000
  t.equal((await ask('/v2/a/tags/list', `Bearer ${token}`)).status, 200)
  now = start + TTL_SECONDS * 1000
  const { status, headers } = await ask('/v2/a/tags/list', `Bearer ${token}`)
  t.equal(status, 401)
  t.match(headers['www-authenticate'], /,error="invalid_token",error_description="the token has expired"$/)
})

t.test('takes no token of a user who is gone', async t => {
  const token = await landwaiter.token('developer', 'repository:a:pull')
  const { developer: _, ...users } = SAMPLE.users
  const later = await start({ users })
  const answer = await later.request('/v2/a/tags/list', { headers: { authorization: `Bearer ${token}` } })
  t.equal(answer.status, 401)
  t.match(
    answer.headers['www-authenticate'],
    /error="invalid_token",error_description="the account of this token no longer exists"$/,
  )
})
