import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { basic, startLandwaiter, type TestAnswer, type TestLandwaiter } from '../support/landwaiter.ts'
import { pushBlob } from '../support/push-blob.ts'
import { connectRaw, requestHead } from '../support/raw-client.ts'
import { findRegistry, startRealRegistry } from '../support/real-registry.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const NAME = 'dev-backend/app'
const authorization = basic('admin')
/** Text, so that bodies compare as text. */
const BLOB = Buffer.from(
  Array.from({ length: 400_000 }, (_, i) => `${i}`)
    .join(' ')
    .repeat(2),
)
const NEVER = `sha256:${'0'.repeat(64)}`

/** One that reads the files of its registry under `root`. */
function startDirect(t: Test, root: string, run: object = {}): Promise<TestLandwaiter> {
  const registry = { run: { binary: findRegistry(), storage: { filesystem: { root } }, ...run } }
  return startLandwaiter(t, { config: { registry, cache: 'off' } })
}

async function directReads({ adminUrl }: TestLandwaiter): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text()
  return Number(/^landwaiter_direct_reads_total (\d+)$/m.exec(text)?.[1] ?? 0)
}

/** An answer without what differs from one answer of the registry to its next; some of its 416 are cut short. */
async function lasting(asked: Promise<TestAnswer>): Promise<unknown> {
  const answer = await asked.catch((error: NodeJS.ErrnoException) => error)
  if (answer instanceof Error) return answer.code
  const { status, headers, text } = answer
  const boundary = /boundary=(\w+)/.exec(String(headers['content-type']))?.[1]
  const { date, 'x-request-id': id, ...kept } = headers
  const written = JSON.stringify(Object.entries(kept).sort())
  const replaced = (s: string) => (boundary === undefined ? s : s.replaceAll(boundary, 'BOUNDARY'))
  return { status, headers: replaced(written), body: replaced(text) }
}

t.test('a blob is answered from its file as by the registry', async t => {
  const root = join(tempDir(t), 'data')
  const direct = await startDirect(t, root)
  const { upstream } = await startRealRegistry(t, { storage: root })
  const through = await startLandwaiter(t, { config: { registry: { upstream, auth: 'none' } } })
  const digest = await pushBlob(direct, NAME, BLOB)
  const small = await pushBlob(direct, NAME, Buffer.from('{}'))
  const { length } = BLOB
  const other = `"sha256:${'1'.repeat(64)}"`
  const own = `"${digest}"`

  type Row = readonly [why: string, headers: Readonly<Record<string, string>>, isDirect: boolean]
  const rows: readonly Row[] = [
    ['the whole', {}, true],
    ['an Accept that lists other types', { accept: 'application/json' }, true],
    ['an Accept-Encoding', { 'accept-encoding': 'gzip' }, true],
    ['an ETag that the client has', { 'if-none-match': own }, true],
    ['an ETag that it has and a range', { 'if-none-match': own, range: 'bytes=0-1' }, true],
    ['another ETag', { 'if-none-match': other }, true],
    ['another weak ETag', { 'if-none-match': `W/${other}` }, true],
    ['its weak ETag', { 'if-none-match': `W/${own}` }, false],
    ['any ETag', { 'if-none-match': '*' }, false],
    ['two ETags', { 'if-none-match': `${other}, ${own}` }, false],
    ['an ETag without quotes', { 'if-none-match': digest }, false],
    ['the first bytes', { range: 'bytes=0-9' }, true],
    ['one byte', { range: 'bytes=0-0' }, true],
    ['from the middle', { range: `bytes=${length - 20}-` }, true],
    ['the last bytes', { range: 'bytes=-17' }, true],
    ['a range that ends after the end', { range: `bytes=5-${length + 5}` }, true],
    ['the last of more bytes than there are', { range: `bytes=-${length + 5}` }, true],
    ['all as a range', { range: 'bytes=0-' }, true],
    ['a range after the end', { range: `bytes=${length}-` }, false],
    ['a range that ends before its beginning', { range: 'bytes=9-5' }, false],
    ['the last no bytes', { range: 'bytes=-0' }, false],
    ['two ranges', { range: 'bytes=0-1,4-5' }, false],
    ['a range in other units', { range: 'lines=0-1' }, false],
    ['a range without a number', { range: 'bytes=-' }, false],
    ['a range of large numbers', { range: 'bytes=0-99999999999999999999' }, false],
    ['spaces in a range', { range: 'bytes= 0-4' }, false],
    ['an empty range', { range: '' }, false],
    ['a range of the blob it has begun', { range: 'bytes=4-9', 'if-range': own }, true],
    ['a range of another blob', { range: 'bytes=4-9', 'if-range': other }, true],
    ['a range by a weak ETag', { range: 'bytes=4-9', 'if-range': `W/${own}` }, false],
    ['a range by a date', { range: 'bytes=4-9', 'if-range': 'Wed, 21 Oct 2015 07:28:00 GMT' }, false],
    ['If-Range without a range', { 'if-range': own }, true],
    ['an If-Match that holds', { 'if-match': own }, false],
    ['an If-Match that does not hold', { 'if-match': other }, false],
    ['a date', { 'if-modified-since': 'Wed, 21 Oct 2035 07:28:00 GMT' }, false],
    ['a date before', { 'if-unmodified-since': 'Wed, 21 Oct 2015 07:28:00 GMT' }, false],
  ]
  const compare = async (method: string, path: string, headers: Row[1], title: string) => {
    const ask = { method, headers: { authorization, ...headers } }
    const before = await directReads(direct)
    const answer = await lasting(direct.request(path, ask))
    const after = await directReads(direct)
    t.strictSame(answer, await lasting(through.request(path, ask)), title)
    return after - before
  }
  for (const method of ['GET', 'HEAD']) {
    for (const [why, headers, isDirect] of rows) {
      const title = `${method}: ${why}`
      t.equal(await compare(method, `/v2/${NAME}/blobs/${digest}`, headers, title), isDirect ? 1 : 0, title)
      await compare(method, `/v2/${NAME}/blobs/${small}`, headers, `${title}, of a small blob`)
    }
    for (const [why, path] of [
      ['a blob that does not exist', `/v2/${NAME}/blobs/${NEVER}`],
      ['a blob of another repository', `/v2/dev-backend/other/blobs/${digest}`],
      ['a digest of another algorithm', `/v2/${NAME}/blobs/sha512:${'0'.repeat(128)}`],
    ] as const) {
      t.equal(await compare(method, path, {}, why), 0, why)
    }
  }
  t.strictSame(
    direct.log.filter(({ level }) => level === 'error'),
    [],
  )
})

t.test('a pull that was read from a file has its audit line', async t => {
  const direct = await startDirect(t, join(tempDir(t), 'data'))
  const digest = await pushBlob(direct, NAME, BLOB)
  const headers = { authorization }
  const path = `/v2/${NAME}/blobs/${digest}`
  await direct.request(path, { headers })
  await direct.request(path, { headers: { ...headers, range: 'bytes=10-19' } })
  t.equal(await directReads(direct), 2)
  const lines = await waitFor('both lines', () => {
    const pulls = direct.audit().filter(({ action }) => action === 'pull')
    return pulls.length === 2 && pulls
  })
  const common = { kind: 'blob', outcome: 'success', digest, repository: NAME }
  t.match(lines, [
    { ...common, status: 200, bytes_out: BLOB.length, size: BLOB.length },
    { ...common, status: 206, bytes_out: 10 },
  ])
})

t.test('a client that leaves gets an aborted line', async t => {
  const direct = await startDirect(t, join(tempDir(t), 'data'))
  const digest = await pushBlob(direct, NAME, Buffer.alloc(64 * 1024 * 1024, 'a'))
  const { socket } = await connectRaw(t, direct, { read: false })
  socket.write(
    requestHead(`GET /v2/${NAME}/blobs/${digest}`, `Host: ${direct.host}`, `Authorization: ${authorization}`),
  )
  await once(socket, 'readable')
  socket.destroy()
  const line = await waitFor('line', () => direct.audit().find(({ action }) => action === 'pull'))
  t.match(line, { outcome: 'aborted', status: 200, digest })
  t.ok(
    line.bytes_out !== undefined && line.bytes_out > 0 && line.bytes_out < 64 * 1024 * 1024,
    `${line.bytes_out}`,
  )
})

t.test('a blob that was deleted is gone at once, while those who read it get all of it', async t => {
  const direct = await startDirect(t, join(tempDir(t), 'data'))
  const body = Buffer.alloc(64 * 1024 * 1024, 'landwaiter')
  const digest = await pushBlob(direct, NAME, body)
  const path = `/v2/${NAME}/blobs/${digest}`
  const headers = { authorization }
  const { socket } = await connectRaw(t, direct, { read: false })
  socket.write(
    requestHead(
      `GET ${path}`,
      `Host: ${direct.host}`,
      `Authorization: ${authorization}`,
      'Connection: close',
    ),
  )
  await once(socket, 'readable')
  t.equal((await direct.request(path, { method: 'DELETE', headers })).status, 202)
  t.equal((await direct.request(path, { headers })).status, 404)
  t.equal((await direct.request(path, { method: 'HEAD', headers })).status, 404)
  const hash = createHash('sha256')
  let head = Buffer.alloc(0)
  for await (const data of socket as AsyncIterable<Buffer>) {
    if (head.includes('\r\n\r\n')) hash.update(data)
    else {
      head = Buffer.concat([head, data])
      const end = head.indexOf('\r\n\r\n')
      if (end >= 0) hash.update(head.subarray(end + 4))
    }
  }
  t.equal(`sha256:${hash.digest('hex')}`, digest)
})

t.test('reads through the registry when told to', async t => {
  const direct = await startDirect(t, join(tempDir(t), 'data'), { direct_read: false })
  const digest = await pushBlob(direct, NAME, BLOB)
  const { status, text } = await direct.request(`/v2/${NAME}/blobs/${digest}`, { headers: { authorization } })
  t.strictSame([status, text.length, await directReads(direct)], [200, BLOB.length, 0])
})
