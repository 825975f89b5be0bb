import { createHmac, generateKeyPairSync } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { base64url, CompactSign, exportJWK, SignJWT } from 'jose'
import t from 'tap'
import { tokenClaims } from '../../src/token/claims.ts'
import { createTokenIssuer } from '../../src/token/issue.ts'
import { loadSigningKey, type SigningKey } from '../../src/token/signing-key.ts'
import { createTokenVerifier } from '../../src/token/verify.ts'

const NOW = Date.UTC(2026, 0, 1)
const NOW_SECONDS = NOW / 1000
const ISSUER = 'Acme auth server'
const ACCESS = [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }]

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/keys/${name}`, import.meta.url))
const load = (name: string) =>
  loadSigningKey({ key: fixture(`${name}.key`), certificate: fixture(`${name}.crt`) })

const KEY = await load('p256')
const RSA = await load('rsa-2048')
const OTHER = await load('p384')

function verifier(clock = () => NOW, keys: readonly SigningKey[] = [KEY, RSA]) {
  return createTokenVerifier({ keys, issuer: ISSUER, audiences: () => ['registry.test'], clock })
}

const CLAIMS = {
  ...tokenClaims({
    issuer: ISSUER,
    audience: 'registry.test',
    subject: 'alice',
    access: ACCESS,
    nowSeconds: NOW_SECONDS,
    ttlSeconds: 900,
    id: 'id-1',
  }),
}
const FACTS = {
  subjectName: 'alice',
  id: 'id-1',
  access: ACCESS,
  issuedAt: NOW,
  expiresAt: NOW + 900_000,
}

/** A token as someone would forge it: any header and claims, signed with any key. */
function forge(claims: object, header: object = {}, key: SigningKey = KEY): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: key.algorithm, typ: 'JWT', kid: KEY.kid, ...header })
    .sign(key.privateKey)
}

t.test('accepts what we issue, with either key and either name of a key', async t => {
  const verify = verifier()
  for (const key of [KEY, RSA]) {
    for (const legacyKeyId of [true, false]) {
      const issuer = createTokenIssuer({
        key,
        issuer: ISSUER,
        ttlSeconds: 900,
        clock: () => NOW,
        legacyKeyId,
      })
      const { token, id } = await issuer.issue({
        subject: 'alice',
        audience: 'registry.test',
        access: ACCESS,
      })
      t.strictSame(await verify(token), { outcome: 'valid', ...FACTS, id }, key.algorithm)
    }
  }
})

t.test('refuses every token that is not ours', async t => {
  const pem = KEY.publicKey.export({ type: 'spki', format: 'pem' })
  const unsigned = (header: object) =>
    `${base64url.encode(JSON.stringify(header))}.${base64url.encode(JSON.stringify(CLAIMS))}`
  const hs256 = unsigned({ alg: 'HS256', typ: 'JWT', kid: KEY.kid })
  const genuine = await forge(CLAIMS)
  const [header, , signature] = genuine.split('.')
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const strangerKey: SigningKey = { ...KEY, ...stranger }
  const jwk = await exportJWK(stranger.publicKey)

  const cases: readonly [token: string, reason: string, why: string][] = [
    ['', 'it is no token of this server', 'nothing'],
    ['a.b.c', 'it is no token of this server', 'not even JSON'],
    ['..', 'it is no token of this server', 'three empty parts'],
    [`${unsigned({ alg: 'none', typ: 'JWT', kid: KEY.kid })}.`, 'it is no token of this server', 'alg none'],
    [
      `${hs256}.${createHmac('sha256', pem).update(hs256).digest('base64url')}`,
      'it is no token of this server',
      'HS256 with the public key as the secret',
    ],
    [
      `${header}.${base64url.encode(JSON.stringify({ ...CLAIMS, sub: 'admin' }))}.${signature}`,
      'it is no token of this server',
      'a changed payload',
    ],
    [genuine.slice(0, -4), 'it is no token of this server', 'a cut signature'],
    [await forge(CLAIMS, {}, strangerKey), 'it is no token of this server', 'another key under our id'],
    [
      await forge(CLAIMS, { jwk, kid: KEY.kid }, strangerKey),
      'it is no token of this server',
      'a key that the token brings',
    ],
    [
      await forge(CLAIMS, { x5c: [KEY.x5c], jku: 'https://127.0.0.1/' }, strangerKey),
      'it is no token of this server',
      'a certificate that the token brings',
    ],
    [
      await forge(CLAIMS, { kid: OTHER.kid }, OTHER),
      'it is no token of this server',
      'another key and its id',
    ],
    [await forge(CLAIMS, { kid: undefined }), 'it is no token of this server', 'no key id'],
    [await forge(CLAIMS, { kid: RSA.kid }), 'it is no token of this server', 'the id of our other key'],
    [await forge(CLAIMS, { typ: 'at+jwt' }), 'it is no token of this server', 'another type of token'],
    [await forge(CLAIMS, { typ: undefined }), 'it is no token of this server', 'no type'],
    [
      await new SignJWT({ ...CLAIMS })
        .setProtectedHeader({ alg: 'PS256', typ: 'JWT', kid: RSA.kid })
        .sign(RSA.privateKey),
      'it is no token of this server',
      'another algorithm for our key',
    ],
    [await forge({ ...CLAIMS, iss: 'other' }), 'it has another issuer', 'wrong iss'],
    [await forge({ ...CLAIMS, aud: 'other' }), 'it is for another service', 'wrong aud'],
    [await forge({ ...CLAIMS, aud: ['registry.test'] }), 'it is no token of this server', 'a list as aud'],
    [await forge({ ...CLAIMS, nbf: NOW_SECONDS + 11 }), 'it is not valid yet', 'nbf in the future'],
    [await forge({ ...CLAIMS, exp: undefined }), 'it is no token of this server', 'no exp'],
    [await forge({ ...CLAIMS, exp: `${CLAIMS.exp}` }), 'it is no token of this server', 'exp as text'],
    [
      await forge({ ...CLAIMS, exp: CLAIMS.exp + 0.5 }),
      'it is no token of this server',
      'exp with a fraction',
    ],
    [await forge({ ...CLAIMS, sub: undefined }), 'it is no token of this server', 'no sub'],
    [await forge({ ...CLAIMS, access: undefined }), 'it is no token of this server', 'no access'],
    [await forge({ ...CLAIMS, access: {} }), 'it is no token of this server', 'access is no list'],
    [
      await forge({ ...CLAIMS, access: [{ type: 'repository', name: 'x' }] }),
      'it is no token of this server',
      'no actions',
    ],
    [await forge({ ...CLAIMS, access: [null] }), 'it is no token of this server', 'an entry that is null'],
    [await forge([]), 'it is no token of this server', 'claims that are a list'],
    [await forge({ ...CLAIMS, sub: 'x'.repeat(32 * 1024) }), 'it is too long', 'more than 32 KiB'],
  ]
  const verify = verifier()
  for (const [token, reason, why] of cases) {
    t.strictSame(await verify(token), { outcome: 'invalid', reason }, why)
    t.strictSame(await verify(token), { outcome: 'invalid', reason }, `${why}, again`)
  }
  t.match(await verify(genuine), { outcome: 'valid' }, 'the pattern of them all is right')
})

t.test('gives back what a token says of a subject whom no file knows', async t => {
  const verify = verifier()
  const external = { via: 'ext', labels: { team: ['a', 'b'], none: [] } } as const
  const issuer = createTokenIssuer({ key: KEY, issuer: ISSUER, ttlSeconds: 900, clock: () => NOW })
  const grant = { subject: 'alice', audience: 'registry.test', access: ACCESS }
  const { token, id } = await issuer.issue({ ...grant, external })
  t.strictSame(await verify(token), { outcome: 'valid', ...FACTS, id, external })
  t.strictSame(await verify(token), { outcome: 'valid', ...FACTS, id, external }, 'also when remembered')
  t.notOk('external' in (await verify((await issuer.issue(grant)).token)))

  const large = { g: ['x'.repeat(4 * 1024)] }
  const claims: readonly unknown[] = [
    null,
    'ext',
    [],
    {},
    { labels: {} },
    { via: 'static', labels: {} },
    { via: 'other', labels: {} },
    { via: 'ext', labels: [] },
    { via: 'ext', labels: { team: 'a' } },
    { via: 'ext', labels: { team: [1] } },
    { via: 'ext', labels: large },
  ]
  for (const landwaiter of claims) {
    const answer = await verify(await forge({ ...CLAIMS, landwaiter }))
    t.match(answer, { outcome: 'invalid' }, JSON.stringify(landwaiter).slice(0, 60))
  }
})

t.test('tells expired from valid to the second, however often it was seen', async t => {
  let now = NOW
  const verify = verifier(() => now)
  const token = await forge(CLAIMS)
  const outcomeAt = async (at: number) => {
    now = at
    return await verify(token)
  }
  t.strictSame(await outcomeAt(NOW), { outcome: 'valid', ...FACTS })
  t.strictSame(await outcomeAt(NOW + 899_999), { outcome: 'valid', ...FACTS })
  t.strictSame(await outcomeAt(NOW + 900_000), { outcome: 'expired', ...FACTS })
  t.strictSame(await outcomeAt(NOW + 86_400_000), { outcome: 'expired', ...FACTS })
  t.match(await outcomeAt(NOW - 20_000), { outcome: 'valid' }, 'nbf is ten seconds early, and so may we be')
  t.match(await outcomeAt(NOW - 20_001), { outcome: 'invalid', reason: 'it is not valid yet' })
  const cold = verifier(() => NOW + 900_000)
  t.strictSame(await cold(token), { outcome: 'expired', ...FACTS }, 'also when first seen expired')
  const forged = `${token.slice(0, -8)}AAAAAAAA`
  t.match(await cold(forged), { outcome: 'invalid' }, 'the signature counts also then')
})

t.test('asks for the audiences every time', async t => {
  let audiences = ['registry.test', 'registry.test:8443']
  const verify = createTokenVerifier({
    keys: [KEY],
    issuer: ISSUER,
    audiences: () => audiences,
    clock: () => NOW,
  })
  const token = await forge(CLAIMS)
  t.match(await verify(token), { outcome: 'valid' })
  audiences = ['elsewhere.test']
  t.match(await verify(token), { outcome: 'invalid' })
})

t.test('checks the signature of a token once', async t => {
  let readings = 0
  const watched = {
    ...KEY,
    get publicKey() {
      readings += 1
      return KEY.publicKey
    },
  }
  const verify = verifier(() => NOW, [watched])
  const token = await forge(CLAIMS)
  for (let n = 0; n < 5; n += 1) t.match(await verify(token), { outcome: 'valid' })
  t.equal(readings, 1)
  const forged = `${token.slice(0, -8)}AAAAAAAA`
  for (let n = 0; n < 2; n += 1) t.match(await verify(forged), { outcome: 'invalid' })
  t.equal(readings, 3, 'nothing is remembered of a forged one')
})
