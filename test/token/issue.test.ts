import { fileURLToPath } from 'node:url'
import { compactVerify } from 'jose'
import t from 'tap'
import { tokenClaims } from '../../src/token/claims.ts'
import { externalClaim } from '../../src/token/external-claim.ts'
import { createTokenIssuer, type Grant } from '../../src/token/issue.ts'
import { loadSigningKey } from '../../src/token/signing-key.ts'
import { createUpstreamTokens } from '../../src/token/upstream-tokens.ts'

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0, 750)
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/keys/${name}`, import.meta.url))
const load = (name: string, certificate = name) =>
  loadSigningKey({ key: fixture(`${name}.key`), certificate: fixture(`${certificate}.crt`) })

const pull = (name: string) => ({ type: 'repository', name, actions: ['pull'] })
const GRANT: Grant = { subject: 'alice', audience: 'registry.test', access: [pull('team/app')] }

/** A part of a token as its bytes, so that the order of the keys is seen. */
function part(token: string, index: number): string {
  return Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()
}

t.test('claims keep docker_auth’s order, every scope and whole seconds', async t => {
  const claims = tokenClaims({
    issuer: 'Acme auth server',
    audience: 'registry.test',
    subject: '',
    access: [pull('a'), { type: 'repository', name: 'b', actions: [] }, pull('a')],
    nowSeconds: 1_000.9,
    ttlSeconds: 900,
    id: 'id-1',
  })
  t.equal(
    JSON.stringify(claims),
    '{"iss":"Acme auth server","sub":"","aud":"registry.test","exp":1900,"nbf":990,"iat":1000,"jti":"id-1","access":[' +
      '{"type":"repository","name":"a","actions":["pull"]},' +
      '{"type":"repository","name":"b","actions":[]},' +
      '{"type":"repository","name":"a","actions":["pull"]}]}',
  )
  const wider = { ...pull('a'), class: 'plugin' }
  const base = { issuer: 'i', audience: 'a', subject: 's', nowSeconds: 0, ttlSeconds: 1, id: 'x' }
  t.strictSame(tokenClaims({ ...base, access: [wider] }).access, [pull('a')], 'nothing else gets in')
  t.strictSame(tokenClaims({ ...base, access: [] }).access, [])
})

t.test('says more only of a subject whom the configuration does not know', async t => {
  const labels = { team: ['a'] }
  t.equal(externalClaim({ name: 'alice', via: 'static', labels }), undefined)
  t.equal(externalClaim({ name: '', via: 'anonymous', labels }), undefined)
  const external = externalClaim({ name: 'eve', via: 'ext', labels, isExternal: true })
  t.strictSame(external, { via: 'ext', labels })
  const base = { issuer: 'i', audience: 'a', subject: 's', access: [], nowSeconds: 0, ttlSeconds: 1, id: 'x' }
  t.notOk('landwaiter' in tokenClaims({ ...base, external: undefined }))
  const text = JSON.stringify(tokenClaims({ ...base, external }))
  t.ok(text.endsWith(',"access":[],"landwaiter":{"via":"ext","labels":{"team":["a"]}}}'), text)
})

t.test('issues a token that the public key verifies, for every kind of key', async t => {
  const cases = [
    ['rsa-2048', 'RS256'],
    ['rsa-4096', 'RS256'],
    ['p256', 'ES256'],
    ['p384', 'ES384'],
    ['p521', 'ES512'],
  ] as const
  for (const [name, algorithm] of cases) {
    const key = await load(name)
    const issuer = createTokenIssuer({ key, issuer: 'i', ttlSeconds: 900, clock: () => NOW })
    const { token, id, expiresAt, expiresInSeconds } = await issuer.issue(GRANT)
    const { payload } = await compactVerify(token, key.publicKey, { algorithms: [algorithm] })
    const now = Math.floor(NOW / 1000)
    t.strictSame(
      JSON.parse(Buffer.from(payload).toString()),
      {
        iss: 'i',
        sub: 'alice',
        aud: 'registry.test',
        exp: now + 900,
        nbf: now - 10,
        iat: now,
        jti: id,
        access: GRANT.access,
      },
      name,
    )
    t.equal(expiresAt, (now + 900) * 1000)
    t.equal(expiresInSeconds, 900)
    t.equal(part(token, 0), JSON.stringify({ typ: 'JWT', alg: algorithm, kid: key.kid, x5c: [key.x5c] }))
  }
})

t.test('embeds the certificate only when it is valid for the token’s whole life', async t => {
  const key = await load('p384', 'p384.expired')
  const cases: readonly [now: number, embedded: boolean, why: string][] = [
    [key.notBefore - 1, false, 'not valid yet'],
    [key.notBefore, true, 'just valid'],
    [key.notAfter - 901_000, true, 'the token expires before'],
    [key.notAfter - 899_000, false, 'the token would outlive it'],
    [key.notAfter + 1, false, 'expired'],
  ]
  for (const [now, embedded, why] of cases) {
    const issuer = createTokenIssuer({ key, issuer: 'i', ttlSeconds: 900, clock: () => now })
    const header = JSON.parse(part((await issuer.issue(GRANT)).token, 0))
    t.strictSame(Object.keys(header), embedded ? ['typ', 'alg', 'kid', 'x5c'] : ['typ', 'alg', 'kid'], why)
    t.equal(header.kid, key.kid)
  }
})

t.test('names the key as the registry in use expects it', async t => {
  const key = await load('p256')
  const options = { key, issuer: 'i', ttlSeconds: 900, clock: () => NOW, embedCertificate: false }
  const header = async (legacyKeyId: boolean) =>
    part((await createTokenIssuer({ ...options, legacyKeyId }).issue(GRANT)).token, 0)
  t.equal(await header(true), JSON.stringify({ typ: 'JWT', alg: 'ES256', kid: key.kid }))
  t.equal(await header(false), JSON.stringify({ typ: 'JWT', alg: 'ES256', kid: key.thumbprint }))
})

t.test('no two tokens have the same id', async t => {
  const issuer = createTokenIssuer({ key: await load('p256'), issuer: 'i', ttlSeconds: 60, clock: () => NOW })
  const issued = await Promise.all(Array.from({ length: 100 }, () => issuer.issue(GRANT)))
  t.equal(new Set(issued.map(one => one.id)).size, 100)
  t.match(issued[0]?.id, /^[A-Za-z0-9_-]{22}$/, '128 random bits')
})

t.test('upstream tokens are made once per question and half a life', async t => {
  let now = NOW
  const granted: Grant[] = []
  const issuer = {
    issue: async (grant: Grant) => {
      granted.push(grant)
      return { token: `token-${granted.length}`, id: '', expiresAt: 0, expiresInSeconds: 120 }
    },
  }
  const tokenFor = createUpstreamTokens({ issuer, ttlSeconds: 120, clock: () => now, max: 10 })
  const both = [{ ...pull('b'), actions: ['push', 'pull', 'push'] }, pull('a')]

  const concurrent = await Promise.all([1, 2].map(() => tokenFor('alice', both, 's')))
  t.strictSame(concurrent, ['token-1', 'token-1'])
  t.strictSame(granted, [
    { subject: 'alice', audience: 's', access: [pull('a'), { ...pull('b'), actions: ['pull', 'push'] }] },
  ])
  const reordered = [pull('a'), { ...pull('b'), actions: ['pull', 'push'] }]
  t.equal(await tokenFor('alice', reordered, 's'), 'token-1', 'the order of a question does not matter')
  t.equal(await tokenFor('bob', both, 's'), 'token-2')
  t.equal(await tokenFor('alice', both, 'other'), 'token-3')
  t.equal(await tokenFor('alice', [pull('a')], 's'), 'token-4')
  t.equal(await tokenFor('alice', [{ ...pull('a'), type: 'registry' }], 's'), 'token-5')
  now += 60_000
  t.equal(await tokenFor('alice', both, 's'), 'token-1', 'half of its life is left')
  now += 1
  t.equal(await tokenFor('alice', both, 's'), 'token-6')

  for (let n = 0; n < 10; n += 1) await tokenFor(`user-${n}`, both, 's')
  t.equal(await tokenFor('alice', both, 's'), 'token-17', 'the oldest of more than ten is gone')
})

t.test('questions whose texts run together get tokens of their own', async t => {
  let made = 0
  const issuer = {
    issue: async () => {
      made += 1
      return { token: `token-${made}`, id: '', expiresAt: 0, expiresInSeconds: 120 }
    },
  }
  const tokenFor = createUpstreamTokens({ issuer, ttlSeconds: 120, clock: () => NOW })
  const to = (name: string, ...actions: string[]) => [{ type: 'repository', name, actions }]
  const questions = [
    ['ab', [], 's'],
    ['a', [], 'bs'],
    ['a', to('x', 'pull', 'push'), 's'],
    ['a', to('x', 'pullpush'), 's'],
    ['a', to('xpull', 'push'), 's'],
    ['a', to('x', 'pull4:push'), 's'],
    ['a', [...to('x'), ...to('pull')], 's'],
  ] as const
  const tokens = await Promise.all(
    questions.map(([subject, access, service]) => tokenFor(subject, access, service)),
  )
  t.equal(new Set(tokens).size, questions.length)
})

t.test('a failed signature is not remembered', async t => {
  const failures = [new Error('no entropy')]
  const issuer = {
    issue: async () => {
      const failure = failures.pop()
      if (failure !== undefined) throw failure
      return { token: 'made', id: '', expiresAt: 0, expiresInSeconds: 120 }
    },
  }
  const tokenFor = createUpstreamTokens({ issuer, ttlSeconds: 120, clock: () => NOW })
  await t.rejects(tokenFor('alice', [], 's'), { message: 'no entropy' })
  t.equal(await tokenFor('alice', [], 's'), 'made')
})
