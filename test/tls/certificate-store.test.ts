import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cannotMount, makeReadOnly, smallDisk } from '../support/small-disk.ts'
import { newCertificate, openStore } from './store-support.ts'
import { temporaryDirectory } from './support.ts'

const NAME = 'registry.test'
const DAY_MS = 86_400_000

function missing(): never {
  throw new Error('nothing was stored')
}

t.test('gives back what was stored, newest generation first', async t => {
  const { store, folderOf } = await openStore(t)
  t.equal(await store.read(NAME), undefined)
  const first = newCertificate(t)
  const second = newCertificate(t, 'DNS:registry.test,DNS:other.test', {
    directory: 'https://ca.test/dir',
    challenge: 'tls-alpn-01',
    obtainedAt: 1_800_000_000_000,
  })
  t.equal(await store.add(NAME, 0, first), 'stored')
  const { pair: firstPair, ...firstFacts } = (await store.read(NAME)) ?? missing()
  t.strictSame(firstFacts, {
    generation: 1,
    name: NAME,
    authority: 'test-ca',
    obtainedAt: 1_700_000_000_000,
  })
  t.equal(firstPair.certificate, first.chain)
  t.equal(firstPair.key.reveal(), first.key.reveal())
  t.equal(await store.add(NAME, 1, second), 'stored')
  const { pair, ...facts } = (await store.read('REGISTRY.test')) ?? missing()
  t.strictSame(facts, {
    generation: 2,
    name: NAME,
    authority: 'test-ca',
    directory: 'https://ca.test/dir',
    challenge: 'tls-alpn-01',
    obtainedAt: 1_800_000_000_000,
  })
  t.strictSame(pair.names, ['registry.test', 'other.test'])
  t.strictSame(readdirSync(folderOf(NAME)), ['00000001.json', '00000002.json'])
})

t.test('has names that need care as names of folders', async t => {
  const { store, directory } = await openStore(t)
  const long = `${Array.from({ length: 4 }, () => 'x'.repeat(60)).join('.')}.test`
  const names = ['*.example.test', '2001:db8::1', '10.0.0.5', '..', '../../escape', '.hidden', long]
  for (const name of names) t.equal(await store.add(name, 0, newCertificate(t)), 'stored', name)
  t.strictSame(await store.list(), names.toSorted())
  t.strictSame(
    readdirSync(join(directory, 'certificates')).sort(),
    [
      '%2E.',
      '%2E.%2F..%2Fescape',
      '%2Ehidden',
      '*.example.test',
      '10.0.0.5',
      '2001%3Adb8%3A%3A1',
      long,
    ].sort(),
  )
  t.strictSame(readdirSync(directory).sort(), ['accounts', 'certificates', 'challenges', 'locks'])
  t.throws(() => store.add('x'.repeat(254), 0, newCertificate(t)), { message: /at most 253/ })
})

t.test('one of two processes that renewed at the same time is told to read again', async t => {
  const { store } = await openStore(t)
  const certificate = newCertificate(t)
  const results = await Promise.all(Array.from({ length: 8 }, () => store.add(NAME, 0, certificate)))
  t.equal(results.filter(result => result === 'stored').length, 1)
  t.equal(results.filter(result => result === 'superseded').length, 7)
  for (let after = 1; after < 6; after += 1) await store.add(NAME, after, certificate)
  await store.prune([NAME])
  t.equal(await store.add(NAME, 0, certificate), 'superseded', 'though generation 1 is free again')
  t.equal((await store.read(NAME))?.generation, 6)
})

t.test('never stores a key with the certificate of another', async t => {
  const { store } = await openStore(t)
  const certificate = { ...newCertificate(t), key: newCertificate(t).key }
  await t.rejects(store.add(NAME, 0, certificate), {
    code: 'CERTIFICATE_FILE_INVALID',
    message: /is not the key/,
  })
  t.equal(await store.read(NAME), undefined)
})

t.test('sets damaged generations aside and uses the one before', async t => {
  const { store, directory } = await openStore(t)
  const good = newCertificate(t)
  const other = newCertificate(t)
  await store.add(NAME, 0, good)
  const text = readFileSync(join(directory, 'certificates', NAME, '00000001.json'), 'utf8')
  const bundle = JSON.parse(text)
  const edited = (changes: object) => JSON.stringify({ ...bundle, ...changes })
  const cases: [why: string, content: string | Buffer, reason: RegExp][] = [
    ['empty', '', /is empty/],
    ['blank', ' \n', /is empty/],
    ['NUL-filled', Buffer.alloc(text.length), /not valid JSON/],
    ['cut short', text.slice(0, text.length / 2), /not valid JSON/],
    ['no object', '[]', /holds no JSON object/],
    ['another format', '{}', /is not a certificate bundle/],
    ['chain cut short', edited({ chain: good.chain.slice(0, 300) }), /ends in the middle of a certificate/],
    ['chain empty', edited({ chain: '' }), /holds no PEM certificate/],
    ['key cut short', edited({ key: good.key.reveal().slice(0, 60) }), /no usable PEM private key/],
    ['key empty', edited({ key: '' }), /no usable PEM private key/],
    ['key of another', edited({ key: other.key.reveal() }), /is not the key of the certificate/],
    ['another name', edited({ name: 'other.test' }), /is for other\.test/],
    ['huge', Buffer.alloc(1_100_000, 32), /is larger than 1 MiB/],
  ]
  for (const [why, content, reason] of cases) {
    const { store: faulty, log, folderOf } = await openStore(t)
    await faulty.add(NAME, 0, good)
    writeFileSync(join(folderOf(NAME), '00000002.json'), content, { mode: 0o600 })
    t.equal((await faulty.read(NAME))?.generation, 1, why)
    t.match(log.lines, [{ level: 'warn', message: 'damaged certificate set aside', fields: { reason } }], why)
    t.notMatch(JSON.stringify(log.lines), /PRIVATE KEY/, why)
    const [kept, aside = '', ...rest] = readdirSync(folderOf(NAME))
    t.strictSame([kept, rest], ['00000001.json', []], why)
    t.match(aside, /^00000002\.json\.corrupt-\d{13}$/, why)
    t.ok(readFileSync(join(folderOf(NAME), aside)).equals(Buffer.from(content)), `${why}: kept for its owner`)
    t.equal(await faulty.add(NAME, 1, other), 'stored', `${why}: its number can be used again`)
    t.equal((await faulty.read(NAME))?.generation, 2, why)
  }
})

t.test('uses the generation before when the newest is no file', async t => {
  const { store, log, folderOf } = await openStore(t)
  await store.add(NAME, 0, newCertificate(t))
  mkdirSync(join(folderOf(NAME), '00000002.json'))
  execFileSync('mkfifo', [join(folderOf(NAME), '00000003.json')])
  t.equal((await store.read(NAME))?.generation, 1)
  t.equal(log.lines.filter(line => line.message === 'damaged certificate set aside').length, 2)
})

t.test('has no certificate when all generations are damaged', async t => {
  const { store, folderOf } = await openStore(t)
  await store.add(NAME, 0, newCertificate(t))
  truncateSync(join(folderOf(NAME), '00000001.json'))
  t.equal(await store.read(NAME), undefined)
  t.strictSame(await store.list(), [])
})

t.test('leaves alone what a newer version wrote and says so', async t => {
  const { store, folderOf } = await openStore(t)
  await store.add(NAME, 0, newCertificate(t))
  const newer = '{"version":2}'
  const file = join(folderOf(NAME), '00000002.json')
  writeFileSync(file, newer, { mode: 0o600 })
  await t.rejects(store.read(NAME), {
    code: 'CERTIFICATE_FILE_INVALID',
    file,
    message:
      /00000002\.json: was written by a newer landwaiter \(format 2\); use that version, or move the file away$/,
  })
  t.strictSame(await store.list(), [])
  await store.prune([])
  t.equal(readFileSync(file, 'utf8'), newer)
})

t.test('starts with storage that is no directory, and says what is wrong', async t => {
  const directory = temporaryDirectory(t)
  const file = join(directory, 'acme')
  writeFileSync(file, '')
  const { store, log } = await openStore(t, { directory: file })
  t.match(log.lines[0], { level: 'error', message: 'certificate storage cannot be prepared' })
  t.equal(await store.read(NAME), undefined)
  t.equal(await store.readState(NAME), undefined)
  t.equal(await store.challenges.get('http-01', 'token'), undefined)
  t.equal(await store.accounts.read('test-ca'), undefined)
  t.strictSame(await store.list(), [])
  t.match(await store.writeProblem(), /^nothing can be stored in .*acme: .*ENOTDIR/)
})

t.test('a folder that cannot be read counts as empty', async t => {
  const { store, log, folderOf } = await openStore(t)
  writeFileSync(folderOf(NAME), 'a file in its place')
  t.equal(await store.read(NAME), undefined)
  t.match(log.lines.at(-1), { level: 'error', message: 'stored certificates cannot be read' })
})

t.test('keeps everything to its owner and closes what is open to others', async t => {
  const { store, log, directory, folderOf } = await openStore(t)
  await store.add(NAME, 0, newCertificate(t))
  await store.writeState(NAME, { attempts: 1 })
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
  const files = [join(folderOf(NAME), '00000001.json'), join(folderOf(NAME), 'state.json')]
  const folders = [directory, join(directory, 'certificates'), folderOf(NAME), join(directory, 'locks')]
  t.strictSame(files.map(mode), ['600', '600'])
  t.strictSame(folders.map(mode), ['700', '700', '700', '700'])
  for (const path of files) chmodSync(path, 0o644)
  for (const path of folders) chmodSync(path, 0o755)
  const reopened = await openStore(t, { directory })
  await reopened.store.read(NAME)
  await reopened.store.readState(NAME)
  await reopened.store.writeState(NAME, { attempts: 2 })
  t.strictSame(files.map(mode), ['600', '600'])
  t.strictSame(folders.map(mode), ['700', '700', '700', '700'])
  t.ok(reopened.log.lines.some(line => line.fields['file'] === files[0] && line.fields['mode'] === '644'))
  t.ok(reopened.log.lines.some(line => line.fields['file'] === directory && line.fields['mode'] === '755'))
  t.strictSame(log.lines, [])
})

t.test('keeps the state of a name, and forgets a damaged one', async t => {
  const { store, log, folderOf } = await openStore(t)
  t.equal(await store.readState(NAME), undefined)
  await store.writeState(NAME, { attempts: 3, order: 'https://ca.test/order/1' })
  t.strictSame(await store.readState(NAME), { attempts: 3, order: 'https://ca.test/order/1' })
  t.strictSame(await store.list(), [], 'a state is no certificate')
  for (const text of ['', '{"attempts":', '\0\0\0', '7']) {
    writeFileSync(join(folderOf(NAME), 'state.json'), text)
    t.equal(await store.readState(NAME), undefined, JSON.stringify(text))
  }
  t.equal(log.lines.filter(line => line.level === 'warn').length, 4)
})

t.test('remembers a revocation without changing the generation', async t => {
  const { store, log, folderOf } = await openStore(t)
  await store.add(NAME, 0, newCertificate(t))
  const file = join(folderOf(NAME), '00000001.json')
  const before = readFileSync(file)
  t.equal((await store.read(NAME))?.revokedAt, undefined)
  await store.markRevoked(NAME, 1, 1_750_000_000_000)
  await store.markRevoked(NAME, 1, 1_760_000_000_000)
  t.equal((await store.read(NAME))?.revokedAt, 1_750_000_000_000, 'the first time counts')
  t.ok(readFileSync(file).equals(before))
  truncateSync(join(folderOf(NAME), '00000001.revoked'))
  t.equal((await store.read(NAME))?.revokedAt, 0, 'a damaged note is still a note')
  t.match(log.lines.at(-1), { message: 'note of a revocation cannot be read' })
  await store.add(NAME, 1, newCertificate(t))
  t.equal((await store.read(NAME))?.revokedAt, undefined, 'the next one is another')
})

t.test('keeps three generations, and names out of use until 14 days after expiry', async t => {
  let now = Date.now()
  const { store, folderOf } = await openStore(t, { clock: () => now })
  const certificate = newCertificate(t, 'DNS:registry.test', { days: 2 })
  for (let after = 0; after < 5; after += 1) await store.add(NAME, after, certificate)
  await store.markRevoked(NAME, 1, now)
  await store.add('gone.test', 0, certificate)
  await store.writeState('gone.test', {})
  writeFileSync(join(folderOf(NAME), '00000006.json'), '')
  await store.prune([NAME])
  const aside = `00000006.json.corrupt-${now}`
  t.strictSame(readdirSync(folderOf(NAME)), ['00000003.json', '00000004.json', '00000005.json', aside])
  now += 15.9 * DAY_MS
  await store.prune(['Registry.Test'])
  t.strictSame(await store.list(), ['gone.test', NAME])
  now += 0.2 * DAY_MS
  await store.prune(['Registry.Test'])
  t.strictSame(await store.list(), [NAME], 'expired, but still configured')
  t.notOk(existsSync(folderOf('gone.test')))
  now += 15 * DAY_MS
  await store.prune([NAME])
  t.strictSame(readdirSync(folderOf(NAME)), ['00000003.json', '00000004.json', '00000005.json'])
})

t.test('clears away what a killed process left, and nothing else', async t => {
  const { store, directory, folderOf } = await openStore(t)
  await store.add(NAME, 0, newCertificate(t))
  const left = join(folderOf(NAME), '.00000002.json.0123456789ab.tmp')
  const recent = join(folderOf(NAME), '.00000002.json.ba9876543210.tmp')
  for (const file of [left, recent]) writeFileSync(file, 'half')
  utimesSync(left, new Date(Date.now() - 3_700_000), new Date(Date.now() - 3_700_000))
  await openStore(t, { directory })
  t.notOk(existsSync(left))
  t.ok(existsSync(recent), 'another process may still be writing it')
  t.equal((await store.read(NAME))?.generation, 1)
})

t.test('keeps accounts, and takes a damaged one for none', async t => {
  const { store, log, directory } = await openStore(t)
  const { key } = newCertificate(t)
  t.equal(await store.accounts.read('localhost:15100'), undefined)
  await store.accounts.write('localhost:15100', { key })
  const { key: firstKey, ...rest } = (await store.accounts.read('localhost:15100')) ?? missing()
  t.equal(firstKey.reveal(), key.reveal())
  t.strictSame(rest, {})
  await store.accounts.write('localhost:15100', { key, url: 'https://ca.test/acct/1' })
  t.equal((await store.accounts.read('localhost:15100'))?.url, 'https://ca.test/acct/1')
  const file = join(directory, 'accounts', 'localhost%3A15100.json')
  t.equal(statSync(file).mode & 0o777, 0o600)
  writeFileSync(file, '{"key":"no key"}')
  t.equal(await store.accounts.read('localhost:15100'), undefined)
  t.match(log.lines, [{ level: 'warn', message: /stored account cannot be used/ }])
  const { signal } = new AbortController()
  t.equal(await store.accounts.exclusively('localhost:15100', async () => 'done', signal), 'done')
})

t.test('who waits for the accounts of another process stops when told to', async t => {
  const { directory, store } = await openStore(t)
  const { store: other } = await openStore(t, { directory })
  const release = Promise.withResolvers<void>()
  const taken = Promise.withResolvers<void>()
  const { signal } = new AbortController()
  const held = other.accounts.exclusively(
    'test-ca',
    async () => {
      taken.resolve()
      await release.promise
    },
    signal,
  )
  await taken.promise
  const stopping = new AbortController()
  const waiting = store.accounts.exclusively('test-ca', async () => 'never', stopping.signal)
  stopping.abort(new Error('landwaiter is stopping'))
  await t.rejects(waiting, { message: 'landwaiter is stopping' })
  release.resolve()
  await held
  t.equal(await store.accounts.exclusively('test-ca', async () => 'done', signal), 'done')
})

const skip = cannotMount()

t.test('a full disk is told beforehand, and what was stored stays whole', { skip }, async t => {
  const directory = smallDisk(t, 128)
  const { store } = await openStore(t, { directory })
  const certificate = newCertificate(t)
  t.equal(await store.writeProblem(), undefined)
  t.strictSame(
    readdirSync(directory).sort(),
    ['accounts', 'certificates', 'challenges', 'locks'],
    'the probe leaves nothing',
  )
  await store.add(NAME, 0, certificate)
  await store.writeState(NAME, { attempts: 1 })
  const ballast = join(directory, 'ballast')
  t.throws(() => writeFileSync(ballast, Buffer.alloc(200_000)), { code: 'ENOSPC' })
  t.equal(await store.writeProblem(), `nothing can be stored in ${directory}: the disk is full: make room`)
  const chain = certificate.chain.repeat(40)
  await t.rejects(store.add(NAME, 1, { ...certificate, chain }), { code: 'ENOSPC' })
  await t.rejects(store.writeState(NAME, { notes: 'x'.repeat(60_000) }), { code: 'ENOSPC' })
  await t.rejects(store.accounts.write('test-ca', { key: certificate.key }), { code: 'ENOSPC' })
  t.equal((await store.read(NAME))?.generation, 1)
  t.strictSame(await store.readState(NAME), { attempts: 1 })
  t.strictSame(readdirSync(join(directory, 'certificates', NAME)), ['00000001.json', 'state.json'])
  rmSync(ballast)
  t.equal(await store.writeProblem(), undefined)
  t.equal(await store.add(NAME, 1, { ...certificate, chain: certificate.chain.repeat(4) }), 'stored')
})

t.test('a short write is an error, not a shorter file', { skip }, async t => {
  const directory = smallDisk(t, 128)
  const { store } = await openStore(t, { directory })
  // Room for a part of it: write(2) then succeeds with a smaller count.
  await t.rejects(store.writeState(NAME, { notes: 'x'.repeat(200_000) }), { code: 'ENOSPC' })
  t.strictSame(readdirSync(join(directory, 'certificates', NAME)), [])
})

t.test('a read-only disk serves what it holds and says why it takes nothing', { skip }, async t => {
  const directory = smallDisk(t, 256)
  const writable = await openStore(t, { directory })
  await writable.store.add(NAME, 0, newCertificate(t))
  writeFileSync(join(directory, 'certificates', NAME, '00000002.json'), '', { mode: 0o600 })
  makeReadOnly(directory)
  const { store, log } = await openStore(t, { directory })
  t.equal((await store.read(NAME))?.generation, 1)
  t.match(log.lines, [{ level: 'warn', message: 'damaged certificate cannot be set aside' }])
  t.equal(
    await store.writeProblem(),
    `nothing can be stored in ${directory}: the file system is read-only: mount it writable`,
  )
  await t.rejects(store.add(NAME, 2, newCertificate(t)), { code: 'EROFS' })
  const { signal } = new AbortController()
  await t.rejects(
    store.exclusively(NAME, async () => {}, signal),
    { code: 'EROFS' },
  )
})
