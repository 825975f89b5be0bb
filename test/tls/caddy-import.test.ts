import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exportJWK, FlattenedSign } from 'jose'
import t from 'tap'
import { Agent, request } from 'undici'
import type { AcmeAccount } from '../../src/model/certificate-authority.ts'
import { readCaddyData } from '../../src/tls/caddy-data.ts'
import { caddyFolder } from '../../src/tls/caddy-folder.ts'
import { importCaddyData } from '../../src/tls/import-caddy-data.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import { caddyData } from './caddy-support.ts'
import { newCertificate, openStore } from './store-support.ts'
import { type Cleanup, temporaryDirectory } from './support.ts'

const NAMES = ['one.test', 'two.test']
const clock = Date.now
const authorityId = (directory: string) => new URL(directory).host

/** Text of every file below a folder, by path. */
function contents(directory: string): ReadonlyMap<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(entry =>
    entry.isFile(),
  )
  return new Map(
    files.map(entry => {
      const path = join(entry.parentPath, entry.name)
      return [path, `${statSync(path).mode} ${readFileSync(path, 'utf8')}`]
    }),
  )
}

/** Status that the authority answers when it is asked for the account of this key. Spec: RFC 8555 §7.3.1. */
async function accountAt(t: Cleanup, pebble: Pebble, account: AcmeAccount | undefined) {
  const dispatcher = new Agent({ connect: { ca: pebble.caRoot } })
  t.teardown(() => dispatcher.close())
  const directory = await (await request(pebble.directory, { dispatcher })).body.json()
  const { newNonce, newAccount } = directory as { newNonce: string; newAccount: string }
  const nonce = String((await request(newNonce, { dispatcher, method: 'HEAD' })).headers['replay-nonce'])
  const key = createPrivateKey(account?.key.reveal() ?? '')
  const jwk = await exportJWK(createPublicKey(key))
  const body = await new FlattenedSign(Buffer.from('{"onlyReturnExisting":true}'))
    .setProtectedHeader({ alg: 'ES256', jwk, nonce, url: newAccount })
    .sign(key)
  const reply = await request(newAccount, {
    dispatcher,
    method: 'POST',
    headers: { 'content-type': 'application/jose+json' },
    body: JSON.stringify(body),
  })
  await reply.body.dump()
  return reply.statusCode
}

t.test('the data of a real Caddy is taken over byte for byte', async t => {
  // Asked to wait, it would send a date at random, which Caddy 2.6 does not take.
  const pebble = await startPebble(t, { nonceReject: 0, retryAfterSeconds: 0 })
  const data = await caddyData(t, pebble, NAMES)
  const before = contents(data)
  const found = await readCaddyData(data, { clock })
  t.strictSame(
    found.certificates.map(({ name, directory }) => ({ name, directory })),
    NAMES.map(name => ({ name, directory: pebble.directory })),
  )
  t.strictSame(found.skipped, [])
  t.strictSame(await readCaddyData(dirname(data), { clock }), found, 'the volume does as well')

  const { store, folderOf, log } = await openStore(t)
  const imported = await importCaddyData(store, found, { authorityId })
  t.strictSame(imported.stored.map(({ name }) => name).sort(), NAMES)
  t.strictSame(imported.kept, [])
  t.strictSame(imported.accounts, [`localhost:${pebble.port}`])
  const folder = caddyFolder(pebble.directory)
  for (const name of NAMES) {
    const caddy = join(data, 'certificates', folder, name, name)
    const [chain, key] = [readFileSync(`${caddy}.crt`, 'utf8'), readFileSync(`${caddy}.key`, 'utf8')]
    const bundle = JSON.parse(readFileSync(join(folderOf(name), '00000001.json'), 'utf8'))
    t.equal(bundle.chain, chain)
    t.equal(bundle.key, key)
    const stored = await store.read(name)
    t.match(stored, { generation: 1, authority: `localhost:${pebble.port}`, directory: pebble.directory })
    t.ok(stored?.pair.leaf.raw.equals(new X509Certificate(chain).raw))
    t.ok(stored?.pair.leaf.checkPrivateKey(createPrivateKey(key)))
    t.equal(stored?.pair.certificate.split('BEGIN CERTIFICATE').length, 3, 'with its intermediate')
  }

  const account = await store.accounts.read(`localhost:${pebble.port}`)
  const key = readFileSync(join(data, 'acme', folder, 'users', 'owner@example.test', 'owner.key'), 'utf8')
  t.equal(account?.key.reveal(), key)
  t.equal(account?.url, undefined, 'the authority tells it')
  t.equal(await accountAt(t, pebble, account), 200, 'an account of this key exists')

  const again = await importCaddyData(store, await readCaddyData(data, { clock }), { authorityId })
  t.strictSame([again.stored, again.kept.length, again.accounts], [[], 2, []])
  t.strictSame(readdirSync(folderOf('one.test')), ['00000001.json'])
  t.strictSame(contents(data), before, 'nothing of Caddy was changed')
  t.strictSame(log.lines, [])
})

/** Writes a certificate as Caddy would; `files` overrides what goes into one of its three files. */
function place(
  t: Cleanup,
  data: string,
  {
    name,
    folder = 'ca.test-dir',
    names = `DNS:${name}`,
    days = 30,
    files = {},
  }: {
    name: string
    folder?: string
    names?: string
    days?: number
    files?: { crt?: string; key?: string; json?: string }
  },
) {
  const { chain, key } = newCertificate(t, names, { days })
  const id = name.replace('*', 'wildcard_')
  const directory = join(data, 'certificates', folder, id)
  mkdirSync(directory, { recursive: true })
  const json = JSON.stringify({ sans: [name], issuer_data: { url: 'https://ca.test/cert/1' } })
  const texts = { crt: chain, key: key.reveal(), json, ...files }
  for (const [ending, text] of Object.entries(texts)) {
    if (text !== 'missing') writeFileSync(join(directory, `${id}.${ending}`), text)
  }
  return { chain, key }
}

t.test('skips what cannot be used and says why', async t => {
  const data = temporaryDirectory(t)
  const other = newCertificate(t, 'DNS:other.test')
  place(t, data, { name: 'good.test' })
  place(t, data, { name: '*.wild.test' })
  place(t, data, { name: 'Upper.test', names: 'DNS:upper.test' })
  place(t, data, { name: '2001:db8:0::1', names: 'IP:2001:db8::1' })
  place(t, data, { name: 'bare.test', files: { json: 'missing' } })
  place(t, data, { name: 'torn.test', files: { json: '{"sans":' } })
  const faults: [name: string, files: object, reason: RegExp][] = [
    ['mismatch.test', { key: other.key.reveal() }, /is not the key of the certificate/],
    ['empty.test', { crt: '' }, /empty\.test\.crt: holds no PEM certificate/],
    ['blank-key.test', { key: '\0'.repeat(227) }, /blank-key\.test\.key: holds no usable PEM private key/],
    ['no-key.test', { key: 'missing' }, /no-key\.test\.key: is missing/],
    ['no-chain.test', { crt: 'missing' }, /no-chain\.test\.crt: is missing/],
    ['foreign.test', { crt: other.chain, key: other.key.reveal() }, /does not cover foreign\.test/],
  ]
  for (const [name, files] of faults) place(t, data, { name, files })
  place(t, data, { name: 'inner.test', folder: 'local' })
  mkdirSync(join(data, 'certificates', 'ca.test-dir', 'folder.test', 'folder.test.crt'), { recursive: true })
  writeFileSync(join(data, 'certificates', 'ca.test-dir', 'stray'), '')
  const user = join(data, 'acme', 'ca.test-dir', 'users', 'default')
  mkdirSync(user, { recursive: true })
  writeFileSync(join(user, 'default.key'), 'no key')
  writeFileSync(join(user, 'gone.key'), other.key.reveal())
  writeFileSync(join(user, 'gone.json'), '{"status":"revoked"}')

  const found = await readCaddyData(data, { clock })
  t.strictSame(found.certificates.map(({ name }) => name).sort(), [
    '*.wild.test',
    '2001:db8::1',
    'bare.test',
    'good.test',
    'torn.test',
    'upper.test',
  ])
  t.strictSame(found.accounts, [])
  const reasons = [
    ...faults.map(([, , reason]) => reason),
    /inner\.test: is from the internal authority of Caddy/,
    /folder\.test\.crt: is not a regular file/,
    /default\.key: holds no usable PEM private key/,
    /gone\.key: is revoked/,
  ]
  t.equal(found.skipped.length, reasons.length)
  for (const reason of reasons)
    t.ok(
      found.skipped.some(skip => reason.test(skip.reason)),
      String(reason),
    )
  const later = await readCaddyData(data, { clock: () => Date.now() + 31 * 86_400_000 })
  t.strictSame(later.certificates, [])
  t.ok(later.skipped.some(({ reason }) => /good\.test\.crt: expired on \d{4}-/.test(reason)))
})

t.test('says so when there is no data of Caddy', async t => {
  const directory = temporaryDirectory(t)
  for (const path of [directory, join(directory, 'none'), '/dev/null']) {
    await t.rejects(readCaddyData(path, { clock }), {
      code: 'CERTIFICATE_FILE_INVALID',
      message: /holds no data of Caddy 2; name the folder/,
    })
  }
})

t.test('tells the authority of a folder', async t => {
  const cases: [folder: string, issuer: object, directory: string | undefined][] = [
    ['acme-v02.api.letsencrypt.org-directory', {}, 'https://acme-v02.api.letsencrypt.org/directory'],
    ['acme.zerossl.com-v2-dv90', {}, 'https://acme.zerossl.com/v2/DV90'],
    ['localhost-14000-dir', { url: 'https://localhost:14000/certZ/1' }, 'https://localhost:14000/dir'],
    ['ca.test-a-b', { url: 'https://ca.test/certZ/1' }, 'https://ca.test/a/b'],
    ['ca.test-a-b', { url: 'https://ca.test/1', ca: 'https://ca.test/a-b' }, 'https://ca.test/a-b'],
    ['own.test-acme-x-y', { url: 'https://own.test/1' }, 'https://own.test/acme/X-Y'],
    ['ca.test-a-b', { url: 'https://evil.test/certZ/1' }, undefined],
    ['ca.test-a-b', { url: 'no address', ca: 7 }, undefined],
    ['zerossl', {}, undefined],
  ]
  for (const [folder, issuer, directory] of cases) {
    const data = temporaryDirectory(t)
    const json = JSON.stringify({ sans: ['a.test'], issuer_data: issuer })
    place(t, data, { name: 'a.test', folder, files: { json } })
    const { certificates } = await readCaddyData(data, { clock, directories: ['https://own.test/acme/X-Y'] })
    t.equal(certificates[0]?.directory, directory, folder)
  }
})

t.test('never replaces a certificate by one that ends earlier', async t => {
  const data = temporaryDirectory(t)
  place(t, data, { name: 'a.test', days: 20 })
  place(t, data, { name: 'b.test', days: 20 })
  place(t, data, { name: 'c.test', days: 20, folder: 'first.test-dir' })
  place(t, data, { name: 'c.test', days: 10, folder: 'second.test-dir' })
  const { store } = await openStore(t)
  await store.add('a.test', 0, newCertificate(t, 'DNS:a.test', { days: 25 }))
  await store.add('b.test', 0, newCertificate(t, 'DNS:b.test', { days: 15 }))
  const { stored, kept } = await importCaddyData(store, await readCaddyData(data, { clock }), { authorityId })
  t.strictSame(
    kept.map(({ name }) => name),
    ['a.test'],
  )
  t.equal(stored.length, 3)
  t.match(await store.read('a.test'), { generation: 1, authority: 'test-ca' })
  t.match(await store.read('b.test'), {
    generation: 2,
    authority: 'ca.test',
    directory: 'https://ca.test/dir',
  })
  t.match(await store.read('c.test'), { generation: 2, authority: 'imported:first.test-dir' })
})

t.test('takes over an account whose description is torn', async t => {
  const data = temporaryDirectory(t)
  place(t, data, { name: 'a.test' })
  const user = join(data, 'acme', 'ca.test-dir', 'users', 'default')
  mkdirSync(user, { recursive: true })
  writeFileSync(join(user, 'default.key'), newCertificate(t).key.reveal())
  writeFileSync(join(user, 'default.json'), '{"status":"val')
  const { accounts } = await readCaddyData(data, { clock })
  t.strictSame(
    accounts.map(({ directory }) => directory),
    ['https://ca.test/dir'],
    'the certificates of the same folder name the authority',
  )
})

t.test('leaves an account that we have already', async t => {
  const data = temporaryDirectory(t)
  const { key } = newCertificate(t)
  const own = newCertificate(t).key
  const user = join(data, 'acme', 'acme-v02.api.letsencrypt.org-directory', 'users', 'default')
  mkdirSync(user, { recursive: true })
  writeFileSync(join(user, 'default.key'), key.reveal())
  const { store } = await openStore(t)
  const found = await readCaddyData(data, { clock })
  await store.accounts.write('acme-v02.api.letsencrypt.org', { key: own })
  t.strictSame((await importCaddyData(store, found, { authorityId })).accounts, [])
  t.equal((await store.accounts.read('acme-v02.api.letsencrypt.org'))?.key.reveal(), own.reveal())
  const { store: empty } = await openStore(t)
  t.strictSame((await importCaddyData(empty, found, { authorityId })).accounts, [
    'acme-v02.api.letsencrypt.org',
  ])
  t.equal((await empty.accounts.read('acme-v02.api.letsencrypt.org'))?.url, undefined, 'to be asked for')
})
