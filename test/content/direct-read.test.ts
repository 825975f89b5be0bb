import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { createDirectRead } from '../../src/content/direct-read.ts'
import { storePaths } from '../../src/content/store-paths.ts'
import { createTurns } from '../../src/content/turns.ts'
import { createTransferBuffers } from '../../src/upstream/transfer-buffers.ts'
import { type BlobServer, type BlobServerOptions, startBlobServer } from '../support/blob-server.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const MIB = 1024 * 1024
const NAME = 'team/app'

interface Stored {
  readonly digest: string
  readonly link: string
  readonly data: string
}

/** Puts a blob into the store under `root`, as distribution would. */
function store(root: string, body: Buffer, linked?: string): Stored {
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
  const paths = storePaths(root, NAME, digest)
  if (paths === undefined) throw new Error('no paths')
  mkdirSync(dirname(paths.link), { recursive: true })
  mkdirSync(dirname(paths.data), { recursive: true })
  writeFileSync(paths.link, linked ?? digest)
  writeFileSync(paths.data, body)
  return { digest, ...paths }
}

function replaceByDirectory(path: string): void {
  rmSync(path)
  mkdirSync(path)
}

function replaceBySymlink(path: string): void {
  renameSync(path, `${path}.real`)
  symlinkSync(`${path}.real`, path)
}

function replaceByPipe(path: string): void {
  rmSync(path)
  execFileSync('mkfifo', [path])
}

async function setUp(t: Test, options: Partial<BlobServerOptions> & { readonly budget?: number } = {}) {
  const root = tempDir(t)
  const faults: unknown[] = []
  const log = { debug() {}, info() {}, warn() {}, error: (...fault: unknown[]) => void faults.push(fault) }
  const server = await startBlobServer(t, {
    front: forward =>
      createDirectRead(
        {
          root,
          buffers: createTransferBuffers(options.budget ?? 64 * MIB),
          turns: createTurns({ max: 2, maxWaiting: 100, limitMs: 10_000 }),
          log,
          observe: () => undefined,
        },
        forward,
      ),
    ...options,
  })
  return { root, faults, ...server }
}

async function get({ url }: Pick<BlobServer, 'url'>, digest: string) {
  const answer = await fetch(`${url}/v2/${NAME}/blobs/${digest}`)
  return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) }
}

t.test('sends a blob byte for byte, whatever its size and that of the buffers', async t => {
  for (const budget of [MIB, 64 * MIB]) {
    const server = await setUp(t, { budget })
    for (const size of [1, 16 * 1024, 16 * 1024 + 1, MIB, MIB + 1, 5 * MIB + 7]) {
      const body = Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >> 9)) & 255))
      const { digest } = store(server.root, body)
      const answer = await get(server, digest)
      t.equal(answer.status, 200)
      t.ok(answer.body.equals(body), `${size} bytes`)
    }
    t.ok(server.transfers.every(({ complete, bytesOut, size }) => complete && bytesOut === size))
  }
})

t.test('leaves to the registry what is odd about a file', async t => {
  const server = await setUp(t)
  const { root } = server
  const body = Buffer.from('a layer')
  type Row = readonly [why: string, spoil: (stored: Stored) => void]
  const rows: readonly Row[] = [
    ['no link', ({ link }) => rmSync(link)],
    ['a link without text', ({ link }) => truncateSync(link)],
    ['half a link', ({ link, digest }) => writeFileSync(link, digest.slice(0, 40))],
    ['a link to another blob', ({ link }) => writeFileSync(link, `sha256:${'0'.repeat(64)}`)],
    ['a link and more', ({ link, digest }) => writeFileSync(link, `${digest}\n`)],
    ['a link that is a directory', ({ link }) => replaceByDirectory(link)],
    ['no data', ({ data }) => rmSync(data)],
    ['data of no bytes', ({ data }) => truncateSync(data)],
    ['data that is a directory', ({ data }) => replaceByDirectory(data)],
    ['data that is a symbolic link', ({ data }) => replaceBySymlink(data)],
    ['a link that is a symbolic link', ({ link }) => replaceBySymlink(link)],
    ['a link that is a pipe', ({ link }) => replaceByPipe(link)],
    ['data that is a pipe', ({ data }) => replaceByPipe(data)],
  ]
  for (const [why, spoil] of rows) {
    rmSync(join(root, 'docker'), { recursive: true, force: true })
    const stored = store(root, body)
    t.equal((await get(server, stored.digest)).status, 200)
    spoil(stored)
    t.equal((await get(server, stored.digest)).status, 418, why)
  }
})

t.test('cuts the connection when a file turns out shorter than it was', async t => {
  const { root, url, transfers, faults } = await setUp(t)
  const { digest, data } = store(root, Buffer.alloc(64 * MIB))
  const req = request(`${url}/v2/${NAME}/blobs/${digest}`).end()
  const [res] = await once(req, 'response')
  truncateSync(data, 32 * MIB)
  const ended = await new Promise(resolve => {
    res.on('error', (error: Error) => resolve(error.message))
    res.on('end', () => resolve('whole'))
    res.resume()
  })
  t.equal(ended, 'aborted')
  await waitFor('transfer', () => transfers.length === 1)
  t.match(transfers, [
    { status: 200, complete: false, cut: 'the blob could not be read to its end', size: 64 * MIB },
  ])
  t.ok((transfers[0]?.bytesOut ?? 0) <= 32 * MIB)
  t.match(faults, [['a blob could not be read to its end', { digest, error: /too early/ }]])
})

t.test('shows the head and the bytes to whoever taps them', async t => {
  const hash = createHash('sha256')
  const heads: unknown[] = []
  const server = await setUp(t, {
    tap: head => {
      heads.push(head)
      return piece => void hash.update(piece)
    },
  })
  const { digest } = store(server.root, Buffer.alloc(3 * MIB, 'x'))
  await get(server, digest)
  t.equal(`sha256:${hash.digest('hex')}`, digest)
  t.match(heads, [{ status: 200, bytesIn: 0, headers: { 'docker-content-digest': digest } }])
  t.strictSame(server.announced, [200])
})

t.test('says nothing of a blob when the answer must not go out', async t => {
  const server = await setUp(t, { beforeAnswer: () => Promise.reject(new Error('the audit log is full')) })
  const { digest } = store(server.root, Buffer.from('a layer'))
  const { status, body } = await get(server, digest)
  t.strictSame([status, body.toString()], [500, 'Error: the audit log is full'])
  t.strictSame(server.transfers, [])
})

t.test('asks the registry about deletions and everything that is no blob', async t => {
  const { root, url } = await setUp(t)
  const { digest } = store(root, Buffer.from('a layer'))
  const ask = async (method: string, path: string) => (await fetch(url + path, { method })).status
  t.equal(await ask('DELETE', `/v2/${NAME}/blobs/${digest}`), 418)
  t.equal(await ask('GET', `/v2/${NAME}/manifests/${digest}`), 418)
  t.equal(await ask('GET', '/v2/'), 418)
})
