import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { basic, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { startLandwaiterProcess } from '../support/landwaiter-process.ts'
import { pushBlob } from '../support/push-blob.ts'
import { connectRaw, requestHead } from '../support/raw-client.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const MIB = 1024 * 1024
const NAME = 'dev-backend/app'
const authorization = basic('admin')
const TEXT = Buffer.from(Array.from({ length: 400_000 }, (_, i) => `${i}`).join(' '))

/** A landwaiter before a real registry that has files of its own. */
async function setUp(
  t: Test,
): Promise<TestLandwaiter & { readonly cacheDir: string; readonly storage: string }> {
  const { upstream, storage } = await startRealRegistry(t)
  const cacheDir = join(tempDir(t), 'cache')
  const registry = { upstream, auth: 'none' }
  const cache = { blobs: 'off', disk: { dir: cacheDir, size: '64MiB' } }
  return { ...(await startLandwaiter(t, { config: { registry, cache } })), cacheDir, storage }
}

async function results({ adminUrl }: TestLandwaiter): Promise<readonly string[]> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text()
  return text.match(/^landwaiter_cache_\w+\{.*disk.*$/gm) ?? []
}

t.test('a blob is answered from the disk as by the registry', async t => {
  const landwaiter = await setUp(t)
  const digest = await pushBlob(landwaiter, NAME, TEXT)
  const ask = async (headers: Readonly<Record<string, string>> = {}) => {
    const path = `/v2/${NAME}/blobs/${digest}`
    const answer = await landwaiter.request(path, { headers: { authorization, ...headers } })
    const { date, 'x-request-id': id, ...kept } = answer.headers
    return { status: answer.status, headers: Object.entries(kept).sort(), text: answer.text }
  }
  // Conditions that the registry answers itself while there is no file.
  const asks = [{ range: 'bytes=5-9' }, { 'if-none-match': `"${digest}"` }, { 'if-match': `"${digest}"` }]
  const before = [await ask(asks[0]), await ask(asks[1]), await ask(asks[2])]
  const filled = await ask()
  const kept = await ask()
  t.strictSame([await ask(asks[0]), await ask(asks[1])], before.slice(0, 2))
  t.strictSame(filled, kept)
  t.strictSame(before[2], { ...kept })
  t.match(await results(landwaiter), [
    'landwaiter_cache_requests_total{cache="disk",result="miss"} 4',
    'landwaiter_cache_requests_total{cache="disk",result="hit"} 3',
    'landwaiter_cache_entries{cache="disk"} 1',
    /landwaiter_cache_bytes\{cache="disk"\} \d+/,
  ])
  const pulls = await waitFor('lines', () => {
    const lines = landwaiter.audit().filter(({ action }) => action === 'pull')
    return lines.length === 7 && lines
  })
  t.match(pulls.at(-3), {
    status: 200,
    outcome: 'success',
    digest,
    bytes_out: TEXT.length,
    size: TEXT.length,
  })
})

t.test('a blob that was deleted is gone at once', async t => {
  const landwaiter = await setUp(t)
  const digest = await pushBlob(landwaiter, NAME, TEXT)
  const ask = (method: string) =>
    landwaiter.request(`/v2/${NAME}/blobs/${digest}`, { method, headers: { authorization } })
  t.equal((await ask('GET')).status, 200)
  t.equal((await ask('GET')).status, 200)
  t.equal((await ask('DELETE')).status, 202)
  t.equal((await ask('GET')).status, 404)
  await pushBlob(landwaiter, NAME, TEXT)
  t.equal((await ask('GET')).text, TEXT.toString())
})

t.test('a process that is killed in the middle of a fill leaves nothing that is believed', async t => {
  const body = randomBytes(8 * MIB)
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
  const held: ServerResponse[] = []
  let holds = true
  const upstream = createServer((req, res) => {
    if (req.url === '/v2/') return void res.end()
    res.writeHead(200, { 'content-length': body.length })
    if (req.method === 'HEAD') return void res.end()
    if (!holds) return void res.end(body)
    res.write(body.subarray(0, 4 * MIB))
    held.push(res)
  })
  t.teardown(() => {
    upstream.closeAllConnections()
    upstream.close()
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const cacheDir = join(tempDir(t), 'cache')
  const config = {
    registry: { upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`, auth: 'none' },
    cache: { disk: { dir: cacheDir, size: '64MiB' } },
  }
  const filling = join(cacheDir, 'filling')
  const head = (host: string) =>
    requestHead(
      `GET /v2/${NAME}/blobs/${digest}`,
      `Host: ${host}`,
      `Authorization: ${authorization}`,
      'Connection: close',
    )

  const first = await startLandwaiterProcess(t, config)
  await waitFor('directories', () => existsSync(join(cacheDir, 'sha256')))
  const client = await connectRaw(t, first)
  client.socket.write(head(first.host))
  await waitFor('half of it', () => client.received().length > 2 * MIB)
  t.equal(readdirSync(filling).length, 1)
  await first.stop('SIGKILL')
  t.ok(client.received().length < body.length, 'the client has no whole body')
  t.equal(readdirSync(filling).length, 1)

  holds = false
  const second = await startLandwaiterProcess(t, config)
  await waitFor('the rest to be gone', () => readdirSync(filling).length === 0)
  const again = await connectRaw(t, second)
  again.socket.write(head(second.host))
  await again.closed
  const received = again.received()
  t.ok(received.subarray(received.indexOf('\r\n\r\n') + 4).equals(body))
  t.equal(held.length, 1)
})
