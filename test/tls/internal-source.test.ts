import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type InternalSource, openInternalSource } from '../../src/tls/internal-source.ts'
import { type Cleanup, memoryLog, openssl, temporaryDirectory } from './support.ts'

const NOW = Date.UTC(2026, 10, 24, 18)
const DAY_MS = 86_400_000

interface Opened {
  readonly source: InternalSource
  readonly log: ReturnType<typeof memoryLog>
}

async function open(
  t: Cleanup,
  {
    directory,
    domains = ['localhost'],
    clock = () => NOW,
  }: { directory: string; domains?: string[]; clock?: () => number },
): Promise<Opened> {
  const log = memoryLog()
  const source = await openInternalSource({ directory, domains, clock, log })
  t.teardown(() => source.close())
  return { source, log }
}

t.test('issues one certificate per domain that verifies under the root', async t => {
  const directory = temporaryDirectory(t)
  const domains = ['Registry.Test', 'localhost', '10.0.0.5', '2001:DB8::0:1']
  const { source } = await open(t, { directory, domains })
  t.strictSame(
    source.certificates().map(({ names, source: from, notAfter }) => ({ names, from, notAfter })),
    [
      {
        names: ['10.0.0.5', '2001:db8::1', '127.0.0.1', '::1'],
        from: 'internal',
        notAfter: NOW + 90 * DAY_MS,
      },
      { names: ['registry.test'], from: 'internal', notAfter: NOW + 90 * DAY_MS },
      { names: ['localhost', '127.0.0.1', '::1'], from: 'internal', notAfter: NOW + 90 * DAY_MS },
    ],
  )
  const root = join(directory, 'ca.pem')
  for (const { file, check } of [
    { file: 'registry.test.pem', check: ['-verify_hostname', 'registry.test'] },
    { file: 'localhost.pem', check: ['-verify_hostname', 'localhost'] },
    { file: 'localhost.pem', check: ['-verify_ip', '::1'] },
    { file: '_addresses.pem', check: ['-verify_ip', '10.0.0.5'] },
    { file: '_addresses.pem', check: ['-verify_ip', '2001:db8::1'] },
    { file: '_addresses.pem', check: ['-verify_ip', '127.0.0.1'] },
  ]) {
    const leaf = join(directory, 'leaves', file)
    const options = [
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-attime',
      String(NOW / 1000),
      '-CAfile',
      root,
      ...check,
    ]
    t.match(openssl('verify', ...options, leaf), /: OK/, `${file} ${check}`)
    t.equal(statSync(leaf).mode & 0o777, 0o600)
  }
  const text = openssl('x509', '-in', join(directory, 'leaves', 'localhost.pem'), '-noout', '-text')
  t.match(text, /X509v3 Extended Key Usage: \s+TLS Web Server Authentication\n/)
  t.match(text, /X509v3 Key Usage: critical\s+Digital Signature\n/)
  const rootText = openssl('x509', '-in', root, '-noout', '-text')
  const keyId = /Subject Key Identifier: \s+(\S+)/.exec(rootText)?.[1]
  t.equal(/Authority Key Identifier: \s+(\S+)/.exec(text)?.[1], keyId)
})

t.test('serves the address certificate, else the first domain, to clients that name no server', async t => {
  for (const { domains, names } of [
    { domains: ['b.test', 'a.test'], names: ['b.test'] },
    { domains: ['b.test', '10.0.0.5'], names: ['10.0.0.5'] },
    { domains: ['localhost', 'a.test'], names: ['localhost', '127.0.0.1', '::1'] },
  ]) {
    const { source } = await open(t, { directory: temporaryDirectory(t), domains })
    t.strictSame(source.defaultPair()?.names, names)
  }
})

t.test('names a domain longer than a common name may be', async t => {
  const label = 'a'.repeat(40)
  const { source } = await open(t, { directory: temporaryDirectory(t), domains: [`${label}.${label}.test`] })
  t.strictSame(source.defaultPair()?.names, [`${label}.${label}.test`])
  t.equal(source.defaultPair()?.leaf.subject, 'CN=landwaiter')
})

t.test('reuses stored certificates at the next start', async t => {
  const directory = temporaryDirectory(t)
  const first = await open(t, { directory })
  const second = await open(t, { directory, clock: () => NOW + 59 * DAY_MS })
  t.equal(second.source.defaultPair()?.certificate, first.source.defaultPair()?.certificate)
  t.strictSame(second.log.lines, [])
})

t.test('renews at a third of the lifetime, swaps the certificate and stores it', async t => {
  const directory = temporaryDirectory(t)
  let now = NOW
  const { source, log } = await open(t, { directory, domains: ['a.test', 'b.test'], clock: () => now })
  let changes = 0
  source.onChange(() => changes++)
  const before = source.defaultPair()
  const contextBefore = source.contextFor('a.test')
  now = NOW + 60 * DAY_MS - 3_600_000
  await source.renew()
  t.equal(changes, 0, 'nothing happens before')
  t.equal(source.contextFor('a.test'), contextBefore)

  now = NOW + 60 * DAY_MS
  await Promise.all([source.renew(), source.renew()])
  t.equal(changes, 1, 'overlapping ticks renew once')
  t.not(source.contextFor('a.test'), contextBefore)
  t.not(source.defaultPair()?.key.reveal(), before?.key.reveal(), 'the key is new')
  t.strictSame(
    source.certificates().map(({ notAfter }) => notAfter),
    [now + 90 * DAY_MS, now + 90 * DAY_MS],
  )
  t.match(readFileSync(join(directory, 'leaves', 'a.test.pem'), 'utf8'), source.defaultPair()?.certificate)
  t.equal(log.lines.filter(line => line.message === 'internal certificate issued').length, 4)
})

t.test('replaces a stored certificate that it cannot use', async t => {
  const cases: { why: string; reason: RegExp; spoil: (directory: string, leaf: string) => void }[] = [
    { why: 'garbage', reason: /holds no PEM certificate/, spoil: (_, leaf) => writeFileSync(leaf, 'x') },
    {
      why: 'cut short',
      reason: /middle of a certificate/,
      spoil: (_, leaf) => writeFileSync(leaf, readFileSync(leaf, 'utf8').slice(0, -40)),
    },
    {
      why: 'for another name',
      reason: /its names differ/,
      spoil: (directory, leaf) => copyFileSync(join(directory, 'leaves', 'other.test.pem'), leaf),
    },
    {
      why: 'of a root that was removed',
      reason: /another CA issued it/,
      spoil: directory => rmSync(join(directory, 'ca.pem')),
    },
    {
      why: 'from the future',
      reason: /not valid yet/,
      spoil: () => {},
    },
  ]
  for (const { why, reason, spoil } of cases) {
    const directory = temporaryDirectory(t)
    const leaf = join(directory, 'leaves', 'localhost.pem')
    const start = why === 'from the future' ? NOW + 2 * DAY_MS : NOW
    await open(t, { directory, domains: ['localhost', 'other.test'], clock: () => start })
    spoil(directory, leaf)
    const before = readFileSync(leaf, 'utf8')
    const { source, log } = await open(t, { directory })
    t.not(readFileSync(leaf, 'utf8'), before, why)
    t.ok(source.defaultPair()?.leaf.verify(source.ca.root.publicKey), why)
    const told = log.lines.map(({ fields }) => `${fields['reason']} ${fields['error']}`).join('\n')
    t.match(told, reason, why)
  }
})

t.test('serves a certificate that cannot be stored, and says so', async t => {
  const directory = temporaryDirectory(t)
  mkdirSync(join(directory, 'leaves', 'localhost.pem', 'full'), { recursive: true })
  const { source, log } = await open(t, { directory })
  t.strictSame(source.defaultPair()?.names, ['localhost', '127.0.0.1', '::1'])
  t.match(log.lines, [
    { level: 'warn' },
    { level: 'error', message: 'internal certificate issued but not stored' },
  ])
})

t.test('keeps the old certificate when a renewal fails, and tries again', async t => {
  const directory = temporaryDirectory(t)
  let now = NOW
  const { source, log } = await open(t, { directory, clock: () => now })
  const before = source.defaultPair()
  now = Number.MAX_VALUE
  await source.renew()
  t.equal(source.defaultPair(), before)
  t.match(log.lines.at(-1), { level: 'error', message: 'internal certificate not renewed' })
  now = NOW + 80 * DAY_MS
  await source.renew()
  t.not(source.defaultPair(), before)
})
