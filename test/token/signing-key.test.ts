import { createPublicKey } from 'node:crypto'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ensureSigningKey } from '../../src/token/generate-key.ts'
import { loadSigningKey } from '../../src/token/signing-key.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures/keys', import.meta.url))
const fixture = (name: string) => join(FIXTURES, name)
const load = (key: string, certificate: string) =>
  loadSigningKey({ key: fixture(key), certificate: fixture(certificate) })

const YEAR_MS = 365 * 86_400_000
const NOW = Date.UTC(2026, 0, 1)

t.test('loads every key that registries accept, in every encoding', async t => {
  const cases: readonly [key: string, certificate: string, algorithm: string][] = [
    ['rsa-2048.key', 'rsa-2048.crt', 'RS256'],
    ['rsa-2048.pkcs1.key', 'rsa-2048.crt', 'RS256'],
    ['rsa-4096.key', 'rsa-4096.crt', 'RS256'],
    ['p256.key', 'p256.crt', 'ES256'],
    ['p256.sec1.key', 'p256.crt', 'ES256'],
    ['p256.parameters.key', 'p256.crt', 'ES256'],
    ['p384.key', 'p384.crt', 'ES384'],
    ['p521.key', 'p521.crt', 'ES512'],
  ]
  for (const [key, certificate, algorithm] of cases) {
    const loaded = await load(key, certificate)
    t.equal(loaded.algorithm, algorithm, key)
    t.equal(loaded.certificatePem, await readFile(fixture(certificate), 'utf8'), key)
    t.ok(loaded.publicKey.equals(createPublicKey(loaded.certificatePem)), key)
    t.equal(loaded.x5c, loaded.certificatePem.replace(/-----.*-----|\n/g, ''), key)
  }
})

t.test('names a key as libtrust and as RFC 7638 do', async t => {
  const { kid, thumbprint } = await load('p256.key', 'p256.crt')
  // Computed from p256.key with openssl and sha256sum; a new fixture needs new values.
  t.equal(kid, '7IGI:TKBQ:JJYT:73GW:H2TS:6MKD:PAOR:DXAO:2MXH:OSHY:4Z3O:7MPI')
  t.equal(thumbprint, 'uwzRMRsaQbxbvP7M1XjVxj0SuwP_8xLcz_auiVSeT0E')
})

t.test('an out of date certificate is loaded, with its dates', async t => {
  const loaded = await load('p384.key', 'p384.expired.crt')
  t.equal(loaded.notBefore, Date.UTC(2020, 0, 1))
  t.equal(loaded.notAfter, Date.UTC(2020, 0, 2))
})

t.test('refuses what cannot sign tokens, naming the file and the reason', async t => {
  const dir = t.testdir({
    'empty.pem': '',
    'garbage.pem': 'not a key at all\n',
    'broken.key': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    'broken.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  })
  const own = (name: string) => join(dir, name)
  const key = fixture('p256.key')
  const certificate = fixture('p256.crt')
  const cases: [files: { key: string; certificate: string }, file: string, problem: RegExp][] = [
    [
      { key, certificate: fixture('p384.crt') },
      fixture('p384.crt'),
      /does not belong to the key in .*p256\.key/,
    ],
    [{ key, certificate: fixture('rsa-2048.crt') }, fixture('rsa-2048.crt'), /does not belong/],
    [{ key: own('missing'), certificate }, own('missing'), /cannot be read \(ENOENT\)/],
    [{ key, certificate: own('missing') }, own('missing'), /cannot be read \(ENOENT\)/],
    [{ key: dir, certificate }, dir, /cannot be read \(EISDIR\)/],
    [{ key: own('empty.pem'), certificate }, own('empty.pem'), /no private key in PEM/],
    [{ key: own('garbage.pem'), certificate }, own('garbage.pem'), /no private key in PEM/],
    [{ key: certificate, certificate }, certificate, /no private key in PEM/],
    [{ key: own('broken.key'), certificate }, own('broken.key'), /cannot be read as PKCS#8/],
    [{ key, certificate: key }, key, /no certificate in PEM/],
    [{ key, certificate: own('broken.crt') }, own('broken.crt'), /certificate cannot be read/],
  ]
  for (const name of ['p256.encrypted.key', 'rsa-2048.encrypted.key']) {
    cases.push([{ key: fixture(name), certificate }, fixture(name), /has a passphrase/])
  }
  for (const [name, problem] of [
    ['ed25519', /do not accept ed25519 keys/],
    ['k256', /do not accept the curve secp256k1/],
    ['rsa-1024', /has 1024 bits; at least 2048/],
    ['rsa-pss', /do not accept rsa-pss keys/],
  ] as const) {
    const file = fixture(`${name}.key`)
    cases.push([{ key: file, certificate: fixture(`${name}.crt`) }, file, problem])
  }
  for (const [files, file, problem] of cases) {
    await t.rejects(loadSigningKey(files), { code: 'KEY_FILE', name: 'KeyFileError', file, message: problem })
    const error = await loadSigningKey(files).catch((caught: Error) => caught)
    t.ok(error instanceof Error && error.message.startsWith(`${file}: `), 'the message begins with the path')
  }
})

t.test('makes a key of its own once, for its owner alone', async t => {
  const dir = join(t.testdir({}), 'state', 'token')
  const files = await ensureSigningKey(dir, { clock: () => NOW })
  const made = await loadSigningKey(files)
  t.equal(made.algorithm, 'ES256')
  t.ok(made.notBefore < NOW)
  t.ok(made.notAfter > NOW + 9.9 * YEAR_MS)
  t.equal((await stat(files.key)).mode & 0o777, 0o600)
  t.notMatch(await readFile(files.certificate, 'utf8'), /PRIVATE/, 'the registry gets no key')
  t.strictSame((await readdir(dir)).sort(), ['token.crt', 'token.pem'])

  t.strictSame(await ensureSigningKey(dir, { clock: () => NOW + 8 * YEAR_MS }), files)
  t.equal((await loadSigningKey(files)).kid, made.kid, 'kept while it lasts')
  await ensureSigningKey(dir, { clock: () => NOW + 9.5 * YEAR_MS })
  const renewed = await loadSigningKey(files)
  t.not(renewed.kid, made.kid, 'made anew in its last year')
  t.ok(renewed.notAfter > NOW + 19 * YEAR_MS)
})

t.test('a crash at any moment leaves a whole pair or none', async t => {
  const dir = t.testdir({})
  const clock = () => NOW
  const { key, certificate } = await ensureSigningKey(dir, { clock })
  const { kid } = await loadSigningKey({ key, certificate })
  const whole = async () => (await loadSigningKey(await ensureSigningKey(dir, { clock }))).kid

  // Between the pair and the certificate's copy.
  await rm(certificate)
  t.equal(await whole(), kid)
  // The same at a renewal: the copy is that of the former pair.
  await writeFile(certificate, await readFile(fixture('p256.crt')))
  t.equal(await whole(), kid)
  // Before the pair had its name.
  await rm(key)
  t.not(await whole(), kid, 'a new pair, since there was none')
  t.equal((await stat(key)).mode & 0o777, 0o600)
  t.strictSame((await readdir(dir)).sort(), ['token.crt', 'token.pem'])
})

t.test('processes that start together on a new directory sign with one key', async t => {
  const dir = join(t.testdir({}), 'state', 'token')
  const started = Array.from({ length: 8 }, async () => {
    const files = await ensureSigningKey(dir, { clock: () => NOW })
    return { ...(await loadSigningKey(files)), copy: await readFile(files.certificate, 'utf8') }
  })
  const keys = await Promise.all(started)
  t.strictSame(new Set(keys.map(({ kid }) => kid)).size, 1)
  t.ok(keys.every(({ copy, certificatePem }) => copy === certificatePem))
  t.strictSame((await readdir(dir)).sort(), ['token.crt', 'token.pem'])
})

t.test('never writes over a pair that it cannot use', async t => {
  const dir = t.testdir({ 'token.pem': 'damaged' })
  const refused = ensureSigningKey(dir, { clock: () => NOW })
  await t.rejects(refused, { code: 'KEY_FILE', file: join(dir, 'token.pem') })
  t.equal(await readFile(join(dir, 'token.pem'), 'utf8'), 'damaged')
})

t.test('says which directory cannot hold a key', async t => {
  const dir = join(t.testdir({ file: '' }), 'file')
  const refused = ensureSigningKey(dir, { clock: () => NOW })
  await t.rejects(refused, {
    code: 'KEY_FILE',
    file: dir,
    message: /no signing key can be kept here \(ENOTDIR\)/,
  })
})
