import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import type { BlobSource } from '../../src/content/blob-source.ts'
import { createDiskCache, type DiskCacheOptions } from '../../src/content/disk-cache.ts'
import { createGenerations } from '../../src/content/generations.ts'
import { createTurns } from '../../src/content/turns.ts'
import { createTransferBuffers } from '../../src/upstream/transfer-buffers.ts'
import { startBlobServer } from '../support/blob-server.ts'
import type { LogEntry } from '../support/landwaiter.ts'
import { cannotMount, makeReadOnly, smallDisk } from '../support/small-disk.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const MIB = 1024 * 1024
const NAME = 'team/app'

/** A registry of blobs whose bodies come when the test lets them. */
interface Source extends BlobSource {
  /** `fetch NAME` and `has NAME`, with `+FROM` when not from the beginning. */
  readonly asked: string[]
  readonly blobs: Map<string, Uint8Array>
  /** Lets bytes go, up to so many of a blob; all of them unless told otherwise before. */
  allow(bytes: number): void
  /** Ends bodies with an error where they wait. */
  breakOff(): void
  readonly aborted: () => number
}

function startSource(): Source {
  const asked: string[] = []
  const blobs = new Map<string, Uint8Array>()
  let allowed = Number.POSITIVE_INFINITY
  let [broken, aborted] = [false, 0]
  let gate = Promise.withResolvers<void>()
  const open = () => {
    gate.resolve()
    gate = Promise.withResolvers<void>()
  }
  async function* bodyOf(bytes: Uint8Array, from: number, signal: AbortSignal) {
    const left = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted += 1
        reject(new Error('aborted'))
      })
    })
    left.catch(() => undefined)
    for (let at = from; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + 64 * 1024, allowed)
      if (broken) throw new Error('the registry broke off')
      if (end > at) {
        yield bytes.subarray(at, end)
        at = end
      } else await Promise.race([gate.promise, left])
    }
  }
  return {
    asked,
    blobs,
    aborted: () => aborted,
    allow: bytes => {
      allowed = bytes
      open()
    },
    breakOff: () => {
      broken = true
      open()
    },
    has: async ({ name, digest }) => {
      asked.push(`has ${name}`)
      return blobs.has(digest)
    },
    fetch: async ({ name, digest, from }, signal) => {
      asked.push(`fetch ${name}${from > 0 ? `+${from}` : ''}`)
      const bytes = blobs.get(digest)
      const body = bodyOf(bytes ?? new Uint8Array(), from, signal)
      const status = bytes === undefined ? 404 : from > 0 ? 206 : 200
      return { status, length: (bytes?.length ?? 0) - from, body, discard: () => undefined }
    },
  }
}

function put(source: Source, bytes: Uint8Array): string {
  const digest = digestOf(bytes)
  source.blobs.set(digest, bytes)
  return digest
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

async function setUp(t: Test, changes: Partial<DiskCacheOptions> & { readonly source?: Source } = {}) {
  const source = changes.source ?? startSource()
  const [log, faults, results]: [LogEntry[], string[], string[]] = [[], [], []]
  const at =
    (level: LogEntry['level']) =>
    (message: string, fields: LogEntry['fields'] = {}) =>
      void log.push({ level, message, fields })
  const moments = createGenerations()
  const dir = changes.dir ?? join(tempDir(t), 'cache')
  const cache = createDiskCache({
    dir,
    maxBytes: 64 * MIB,
    existenceTtlMs: 60_000,
    moments,
    buffers: createTransferBuffers(16 * MIB),
    turns: createTurns({ max: 2, maxWaiting: 1_000, limitMs: 10_000 }),
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    count: result => results.push(result),
    countFault: reason => faults.push(reason),
    ...changes,
    source,
  })
  t.teardown(() => cache.close())
  await cache.open()
  const server = await startBlobServer(t, { front: forward => cache.before(forward) })
  const get = async (digest: string, headers: Record<string, string> = {}, name = NAME) => {
    const answer = await fetch(`${server.url}/v2/${name}/blobs/${digest}`, { headers })
    const body = await answer.arrayBuffer().then(Buffer.from, () => undefined)
    return { status: answer.status, headers: answer.headers, body }
  }
  const open = async (digest: string, name = NAME): Promise<IncomingMessage> => {
    const req = request(`${server.url}/v2/${name}/blobs/${digest}`, { agent: false }).end()
    req.on('error', () => undefined)
    const [res] = await once(req, 'response')
    res.on('error', () => undefined)
    return res
  }
  return { ...server, source, cache, dir, moments, log, faults, results, get, open }
}

/** Paths of the files below a directory. */
function filesIn(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
}

function fileOf(dir: string, digest: string): string {
  const hex = digest.slice('sha256:'.length)
  return join(dir, 'sha256', hex.slice(0, 2), hex)
}

t.test('fetches a blob once and answers from the disk after that', async t => {
  const { source, dir, get, transfers, cache } = await setUp(t)
  const bytes = randomBytes(3 * MIB + 5)
  const digest = put(source, bytes)
  for (let i = 0; i < 3; i++) {
    const { status, body, headers } = await get(digest)
    t.equal(status, 200)
    t.ok(body?.equals(bytes))
    t.equal(headers.get('docker-content-digest'), digest)
  }
  const part = await get(digest, { range: 'bytes=1000000-2000000' })
  t.equal(part.status, 206)
  t.ok(part.body?.equals(bytes.subarray(1_000_000, 2_000_001)))
  t.equal((await get(digest, { 'if-none-match': `"${digest}"` })).status, 304)
  t.strictSame(source.asked, [`fetch ${NAME}`])
  t.strictSame(filesIn(dir), [fileOf(dir, digest)])
  t.ok(readFileSync(fileOf(dir, digest)).equals(bytes))
  t.match(cache.usage(), { cache: 'disk', entries: 1 })
  t.match(transfers[0], { status: 200, complete: true, bytesOut: bytes.length, size: bytes.length, digest })
})

t.test('50 clients who wait for a blob share one fetch, and get it as it comes', async t => {
  const { source, open } = await setUp(t)
  const bytes = randomBytes(4 * MIB)
  const digest = put(source, bytes)
  source.allow(MIB)
  const clients = await Promise.all(Array.from({ length: 50 }, () => open(digest)))
  const bodies = clients.map(client => {
    const got = { hash: createHash('sha256'), length: 0 }
    client.on('data', (data: Buffer) => {
      got.hash.update(data)
      got.length += data.length
    })
    return got
  })
  await waitFor('the first part everywhere', () => bodies.every(({ length }) => length === MIB))
  const ends = clients.map(client => once(client, 'end'))
  source.allow(bytes.length)
  await Promise.all(ends)
  t.ok(bodies.every(({ hash }) => `sha256:${hash.digest('hex')}` === digest))
  t.strictSame(source.asked, [`fetch ${NAME}`])
})

t.test('no body looks whole when the registry sends other bytes', async t => {
  const { source, open, get, dir, log, faults, transfers, cache } = await setUp(t)
  const bytes = randomBytes(2 * MIB)
  const digest = digestOf(bytes)
  const bad = Buffer.from(bytes)
  bad[MIB] = (bad[MIB] ?? 0) ^ 1
  source.blobs.set(digest, bad)
  source.allow(MIB)
  const clients = await Promise.all(Array.from({ length: 3 }, () => open(digest)))
  const lengths = clients.map(client => lengthOf(client))
  source.allow(bytes.length)
  for (const length of await Promise.all(lengths)) t.ok(length < bytes.length, `${length}`)
  await waitFor('transfers', () => transfers.length === 3)
  t.ok(transfers.every(({ complete }) => !complete))
  t.strictSame(faults, ['corrupt'])
  t.match(
    log.filter(({ level }) => level === 'error'),
    [{ message: /other bytes/, fields: { digest } }],
  )
  t.strictSame([filesIn(dir), cache.usage()], [[], { cache: 'disk', entries: 0, bytes: 0 }])
  source.blobs.set(digest, bytes)
  t.ok((await get(digest)).body?.equals(bytes), 'the next fetch is a new one')
})

/** How much of a body comes before its end, orderly or not. */
async function lengthOf(client: IncomingMessage): Promise<number> {
  let length = 0
  client.on('data', (data: Buffer) => {
    length += data.length
  })
  await new Promise<void>(resolve => client.once('close', () => resolve()))
  return length
}

t.test('a registry that breaks off cuts those who follow', async t => {
  const { source, open, dir, transfers } = await setUp(t)
  const digest = put(source, randomBytes(2 * MIB))
  source.allow(MIB)
  const client = await open(digest)
  const length = lengthOf(client)
  await waitFor('file', () => filesIn(dir).length === 1)
  source.breakOff()
  t.ok((await length) <= MIB)
  await waitFor('transfer', () => transfers.length === 1)
  t.match(transfers, [{ complete: false, status: 200 }])
  await waitFor('no file', () => filesIn(dir).length === 0)
})

t.test('another repository gets the bytes only when the registry says that it has them', async t => {
  const { source, get } = await setUp(t)
  const digest = put(source, randomBytes(1000))
  await get(digest)
  t.equal((await get(digest, {}, 'other/app')).status, 200)
  t.equal((await get(digest, {}, 'other/app')).status, 200)
  t.strictSame(source.asked, [`fetch ${NAME}`, 'has other/app'])
  source.has = async ({ name }) => {
    source.asked.push(`has ${name}`)
    return name === NAME
  }
  t.equal((await get(digest, {}, 'third/app')).status, 418)
  t.equal((await get(digest, {}, 'third/app')).status, 418)
  t.strictSame(source.asked.slice(2), ['has third/app', 'has third/app'], 'an absence is not remembered')
  source.has = () => Promise.reject(new Error('unreachable'))
  t.equal((await get(digest, {}, 'fourth/app')).status, 418)
})

t.test('a blob that was deleted is asked for again, in the middle of its fetch as well', async t => {
  const { source, get, open, moments } = await setUp(t)
  const digest = put(source, randomBytes(2 * MIB))
  source.allow(MIB)
  const first = await open(digest)
  const length = lengthOf(first)
  moments.forget(NAME)
  source.has = async () => false
  t.equal((await get(digest)).status, 418)
  source.allow(2 * MIB)
  t.equal(await length, 2 * MIB, 'whoever had begun gets all')
  t.equal((await get(digest)).status, 418)
})

t.test('what the registry does not send whole passes through', async t => {
  const { source, get } = await setUp(t)
  const digest = put(source, randomBytes(1000))
  const never = digestOf(randomBytes(8))
  t.equal((await get(never)).status, 418)
  t.equal((await get(digest, { range: 'bytes=0-1' })).status, 418)
  t.equal((await get(digest, { 'if-none-match': `"${digest}"` })).status, 418)
  t.equal((await get(`sha512:${'0'.repeat(128)}`)).status, 418)
  const { fetch: whole } = source
  for (const [why, change] of [
    ['a redirect', { status: 307 }],
    ['a part', { status: 206 }],
    ['no length', { length: undefined }],
    ['no bytes', { length: 0 }],
    ['more than there is room for', { length: 65 * MIB }],
  ] as const) {
    source.fetch = async (ask, signal) => ({ ...(await whole(ask, signal)), ...change })
    t.equal((await get(digest)).status, 418, why)
  }
  source.fetch = () => Promise.reject(new Error('unreachable'))
  t.equal((await get(digest)).status, 418)
})

t.test('a fetch that nobody waits for any more ends, unless little is missing', async t => {
  const { source, open, dir, cache } = await setUp(t)
  const large = put(source, randomBytes(40 * MIB))
  source.allow(MIB)
  const client = await open(large)
  const second = await open(large)
  client.destroy()
  await waitFor('the file', () => filesIn(dir).length === 1)
  t.equal(source.aborted(), 0, 'the second still follows')
  second.destroy()
  await waitFor('the end', () => source.aborted() === 1)
  await waitFor('no file', () => filesIn(dir).length === 0)
  t.equal(cache.usage().bytes, 0)

  source.allow(MIB)
  const small = put(source, randomBytes(2 * MIB))
  const last = await open(small)
  await waitFor('the file', () => filesIn(dir).length === 1)
  last.destroy()
  source.allow(40 * MIB)
  await waitFor('the whole', () => cache.usage().entries === 1)
  t.equal(statSync(fileOf(dir, small)).size, 2 * MIB)
})

t.test('what was not read for longest goes first, and a reader keeps what goes', async t => {
  const { source, get, open, dir, cache } = await setUp(t, { maxBytes: 20 * MIB })
  const blobs = Array.from({ length: 3 }, () => randomBytes(8 * MIB))
  const [a = '', b = '', c = ''] = blobs.map(bytes => put(source, bytes))
  await get(a)
  await get(b)
  await get(a)
  const reader = await open(b)
  await get(a)
  await get(c)
  await waitFor('two files', () => filesIn(dir).length === 2)
  t.strictSame([...filesIn(dir)].sort(), [fileOf(dir, a), fileOf(dir, c)].sort())
  t.ok(cache.usage().bytes <= 20 * MIB)
  t.equal(await lengthOf(reader), 8 * MIB)
})

t.test('after a restart files are read once before they are used, and existence is asked', async t => {
  const dir = join(tempDir(t), 'cache')
  const source = startSource()
  const first = await setUp(t, { dir, source })
  const kept = put(source, randomBytes(MIB))
  const changed = put(source, randomBytes(MIB))
  const short = put(source, randomBytes(MIB))
  for (const digest of [kept, changed, short]) await first.get(digest)
  await first.cache.close()
  const spoiled = readFileSync(fileOf(dir, changed))
  spoiled[1000] = (spoiled[1000] ?? 0) ^ 1
  writeFileSync(fileOf(dir, changed), spoiled)
  truncateSync(fileOf(dir, short), 1000)
  mkdirSync(join(dir, 'filling'), { recursive: true })
  writeFileSync(join(dir, 'filling', '1-1'), 'half')
  writeFileSync(join(dir, 'sha256', 'not a digest'), '')
  source.asked.length = 0

  const second = await setUp(t, { dir, source })
  t.strictSame(readdirSync(join(dir, 'filling')), [])
  t.match(second.cache.usage(), { entries: 3 })
  t.equal((await second.get(kept)).status, 200)
  t.strictSame(source.asked, [`has ${NAME}`])
  for (const digest of [changed, short]) {
    t.equal((await second.get(digest)).status, 418, 'this request passes')
    t.ok(
      (await second.get(digest)).body?.equals(source.blobs.get(digest) ?? Buffer.alloc(0)),
      'the next is filled',
    )
  }
  t.strictSame(second.faults, ['corrupt', 'corrupt'])
  t.match(
    second.log.filter(({ level }) => level === 'warn').map(({ fields }) => fields['digest']),
    [changed, short],
  )
})

t.test('a directory that cannot be made lets everything pass, with one warning', async t => {
  const dir = join(tempDir(t), 'file')
  writeFileSync(dir, '')
  const { source, get, log, faults } = await setUp(t, { dir: join(dir, 'cache') })
  const digest = put(source, randomBytes(1000))
  for (let i = 0; i < 3; i++) t.equal((await get(digest)).status, 418)
  t.match(log, [{ level: 'warn', message: /cannot be used/ }])
  t.strictSame(faults, ['disk'])
})

t.test('on a disk that is full', { skip: cannotMount() }, async t => {
  await t.test('a blob without room passes', async t => {
    const { source, get, log, faults } = await setUp(t, { dir: smallDisk(t, 1024) })
    const digest = put(source, randomBytes(2 * MIB))
    for (let i = 0; i < 3; i++) t.equal((await get(digest)).status, 418)
    t.match(log, [{ level: 'warn', fields: { error: { code: 'ENOSPC' } } }])
    t.strictSame(faults, ['disk'])
  })

  await t.test('in the middle of a fill, the rest comes from the registry', async t => {
    const dir = smallDisk(t, 4096)
    const { source, open, log, faults } = await setUp(t, { dir })
    const bytes = randomBytes(3 * MIB)
    const digest = put(source, bytes)
    source.allow(MIB)
    const clients = await Promise.all([open(digest), open(digest)])
    await waitFor('the first part', () => filesIn(dir).some(file => statSync(file).size === MIB))
    writeFileSync(join(dir, 'other'), Buffer.alloc(2 * MIB + 512 * 1024))
    const bodies = Promise.all(clients.map(async client => Buffer.concat(await client.toArray())))
    source.allow(bytes.length)
    t.ok((await bodies).every(body => body.equals(bytes)))
    t.match(
      log.filter(({ level }) => level !== 'debug'),
      [{ level: 'warn', message: /cannot be used/ }],
    )
    t.strictSame(faults, ['disk'])
    t.match(source.asked[0], /^fetch team\/app$/)
    t.match(source.asked[1], /^fetch team\/app\+\d+$/)
    t.strictSame(
      filesIn(dir).map(file => dirname(file)),
      [dir],
      'nothing half-filled stays',
    )
  })

  await t.test('that becomes read-only, what is there is still read', async t => {
    const dir = smallDisk(t, 8192)
    const { source, get, log } = await setUp(t, { dir })
    const digest = put(source, randomBytes(MIB))
    await get(digest)
    makeReadOnly(dir)
    t.equal((await get(digest)).body?.length, MIB)
    t.equal((await get(put(source, randomBytes(MIB)))).status, 418)
    t.match(log, [{ level: 'warn', fields: { error: { code: 'EROFS' } } }])
  })
})
