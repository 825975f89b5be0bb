import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { exportCertificate } from '../../src/tls/export-certificate.ts'
import { importPemPair } from '../../src/tls/import-pem-pair.ts'
import { newCertificate, openStore } from './store-support.ts'
import { makePair, openssl, temporaryDirectory } from './support.ts'

const clock = Date.now

t.test('exports files that other programs read', async t => {
  const { store } = await openStore(t)
  const leaf = newCertificate(t)
  const issuer = newCertificate(t, 'DNS:issuer.test')
  await store.add('registry.test', 0, { ...leaf, chain: leaf.chain + issuer.chain })
  const directory = join(temporaryDirectory(t), 'new', 'folder')
  const file = (name: string) => join(directory, name)
  const read = (name: string) => readFileSync(file(name), 'utf8')
  const mode = (name: string) => (statSync(file(name)).mode & 0o777).toString(8)
  const umask = process.umask(0o077)
  t.teardown(() => process.umask(umask))
  t.equal((await exportCertificate(store, 'registry.test', { directory })).generation, 1)
  t.strictSame(readdirSync(directory), ['cert.pem', 'chain.pem', 'fullchain.pem', 'privkey.pem'])
  t.equal(read('fullchain.pem'), leaf.chain + issuer.chain)
  t.equal(read('cert.pem'), leaf.chain)
  t.equal(read('chain.pem'), issuer.chain)
  t.strictSame(readdirSync(directory).map(mode), ['644', '644', '644', '600'])
  const publicKey = openssl('x509', '-in', file('cert.pem'), '-noout', '-pubkey')
  t.equal(openssl('pkey', '-in', file('privkey.pem'), '-pubout'), publicKey)

  await store.add('registry.test', 1, newCertificate(t))
  await exportCertificate(store, 'registry.test', { directory, mode: 0o640 })
  t.strictSame(readdirSync(directory), ['cert.pem', 'fullchain.pem', 'privkey.pem'], 'the old chain is gone')
  t.equal(mode('privkey.pem'), '640', 'whatever the umask says')
  t.not(openssl('pkey', '-in', file('privkey.pem'), '-pubout'), publicKey)
  await t.rejects(exportCertificate(store, 'other.test', { directory }), {
    message: 'other.test: there is no certificate to export',
  })
})

t.test('imports a pair of PEM files for all that it covers, once', async t => {
  const { store } = await openStore(t)
  const directory = temporaryDirectory(t)
  const names = 'DNS:Registry.test,DNS:*.apps.test,IP:2001:db8::1'
  const paths = makePair({ directory, file: 'pair', names })
  const outcomes = await importPemPair(store, paths, { clock })
  const all = ['registry.test', '*.apps.test', '2001:db8::1']
  t.strictSame(
    [...outcomes],
    all.map(name => [name, 'stored']),
  )
  t.strictSame(await store.list(), all.toSorted())
  t.match(await store.read('*.apps.test'), { generation: 1, authority: 'imported:file' })
  t.strictSame(
    [...(await importPemPair(store, paths, { clock }))],
    all.map(name => [name, 'kept']),
  )

  const newer = makePair({ directory, file: 'newer', names, days: 40 })
  const both = join(directory, 'both.pem')
  writeFileSync(both, readFileSync(newer.key, 'utf8') + readFileSync(newer.certificate, 'utf8'))
  const some = await importPemPair(
    store,
    { certificate: both, key: both },
    { clock, names: ['2001:DB8:0::1'] },
  )
  t.strictSame([...some], [['2001:db8::1', 'stored']])
  t.equal((await store.read('2001:db8::1'))?.generation, 2)
  t.equal((await store.read('registry.test'))?.generation, 1)
})

t.test('imports nothing that could not be served', async t => {
  const { store } = await openStore(t)
  const directory = temporaryDirectory(t)
  const good = makePair({ directory, file: 'good', names: 'DNS:a.test' })
  const other = makePair({ directory, file: 'other', names: 'DNS:a.test' })
  const late = () => Date.now() + 31 * 86_400_000
  await t.rejects(importPemPair(store, good, { clock: late }), { message: /good\.pem: expired on \d{4}-/ })
  await t.rejects(importPemPair(store, { ...good, key: other.key }, { clock }), { message: /is not the key/ })
  await t.rejects(importPemPair(store, { ...good, key: join(directory, 'none') }, { clock }), {
    message: /none: does not exist/,
  })
  await t.rejects(importPemPair(store, good, { clock, names: ['a.test', 'b.test'] }), {
    message: /good\.pem: does not cover b\.test; the certificate is for a\.test/,
  })
  t.strictSame(await store.list(), [])
})
