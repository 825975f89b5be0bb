import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { downloadDeaths } from '../support/download-deaths.ts'
import { basic, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { chunk } from '../support/raw-client.ts'
import {
  connectRawHttp2,
  END_HEADERS,
  END_STREAM,
  FRAME,
  headerBlock,
  type RawHttp2,
  resetCode,
} from '../support/raw-http2.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { type Serve, startStandIn } from '../support/stand-in-registry.ts'
import { waitFor } from '../support/wait-for.ts'

const KIB = 1024
const MIB = 1024 * KIB
const UPLOAD = '/v2/dev/x/blobs/uploads/11111111-1111-1111-1111-111111111111'
const BLOB = `/v2/dev/x/blobs/sha256:${'a'.repeat(64)}`
const LAST_CHUNK = '0\r\n\r\n'
const CANCEL = 8
const NO_ERROR = 0

/** A landwaiter with HTTP/2 in front of `upstream`. */
function inFrontOf(t: Test, upstream: string): Promise<TestLandwaiter> {
  const listen = { https: '127.0.0.1:0', http: 'off', admin: 'off', h2: true }
  return startLandwaiter(t, { config: { listen, registry: { upstream, auth: 'none' } } })
}

async function before(t: Test, serve: Serve): Promise<TestLandwaiter> {
  const { upstream } = await startStandIn(t, serve)
  return inFrontOf(t, upstream)
}

function lineOf(landwaiter: TestLandwaiter): Promise<object> {
  return waitFor('audit line', () => landwaiter.audit().find(({ action }) => action !== 'server.start'))
}

function begin(
  client: RawHttp2,
  landwaiter: TestLandwaiter,
  [method = '', path = '']: readonly string[],
  more: Readonly<Record<string, string>> = {},
  stream = 1,
): void {
  const block = headerBlock({
    ':method': method,
    ':scheme': 'https',
    ':authority': landwaiter.host,
    ':path': path,
    authorization: basic('admin'),
    ...more,
  })
  const flags = END_HEADERS | (method === 'GET' ? END_STREAM : 0)
  client.send({ type: FRAME.headers, flags, stream, payload: block })
}

/** Frames of no more than 16 KiB, which every peer takes. */
function sendData(client: RawHttp2, data: Buffer, flags = 0): void {
  for (let at = 0; at < data.length; at += 16 * KIB) {
    const payload = data.subarray(at, at + 16 * KIB)
    client.send({ type: FRAME.data, stream: 1, payload, flags: at + 16 * KIB >= data.length ? flags : 0 })
  }
}

const endings: readonly (readonly [name: string, leave: (client: RawHttp2) => void])[] = [
  ['cancels', c => c.send({ type: FRAME.reset, stream: 1, payload: resetCode(CANCEL) })],
  ['resets without an error', c => c.send({ type: FRAME.reset, stream: 1, payload: resetCode(NO_ERROR) })],
  ['closes the connection', c => void c.socket.end()],
  ['loses the connection', c => c.socket.destroy()],
]

t.test('an upload that a client breaks off', async t => {
  const bytes = Buffer.alloc(200 * KIB, 'x')
  for (const framing of ['with a length', 'without a length']) {
    for (const [name, leave] of endings) {
      await t.test(`${framing}: the client ${name}, and the registry sees no end`, async t => {
        const seen: Buffer[] = []
        const gone = Promise.withResolvers<void>()
        const landwaiter = await before(t, ({ socket, early }) => {
          seen.push(early)
          socket.on('data', (data: Buffer) => seen.push(data)).once('close', () => gone.resolve())
        })
        const client = await connectRawHttp2(t, landwaiter)
        const length: Record<string, string> =
          framing === 'with a length' ? { 'content-length': '300000' } : {}
        begin(client, landwaiter, ['PATCH', UPLOAD], length)
        sendData(client, bytes)
        const text = () => Buffer.concat(seen).toString('latin1')
        await waitFor('all that was sent', () => text().replaceAll(/[^x]/g, '').length === bytes.length)
        leave(client)
        await gone.promise
        t.notOk(text().endsWith(LAST_CHUNK), 'never a clean end')
        t.match(await lineOf(landwaiter), {
          action: 'push',
          outcome: 'aborted',
          status: 499,
          actor: { name: 'admin' },
          host: landwaiter.host,
          bytes_in: bytes.length,
        })
        t.strictSame(
          landwaiter.log.filter(({ level }) => level === 'error'),
          [],
        )
      })
    }
  }
})

t.test('half a blob never becomes a blob of the real registry', async t => {
  const { upstream } = await startRealRegistry(t)
  const landwaiter = await inFrontOf(t, upstream)
  const half = Buffer.alloc(100 * KIB, 'half')
  const digest = `sha256:${createHash('sha256').update(half).digest('hex')}`
  const headers = { authorization: basic('admin') }
  for (const [name, leave] of endings) {
    const start = await landwaiter.request('/v2/dev/x/blobs/uploads/', { method: 'POST', headers })
    const { pathname } = new URL(String(start.headers['location']))
    const client = await connectRawHttp2(t, landwaiter)
    begin(client, landwaiter, ['PUT', `${pathname}?digest=${digest}`])
    sendData(client, half)
    leave(client)
    const check = () => landwaiter.request(`/v2/dev/x/blobs/${digest}`, { method: 'HEAD', headers })
    await waitFor('line', () => landwaiter.audit().some(({ outcome }) => outcome !== 'success'))
    t.equal((await check()).status, 404, name)
  }
})

t.test('a registry that dies during a download resets the stream', async t => {
  const start = Buffer.alloc(MIB)
  for (const { name, head, end } of downloadDeaths(MIB)) {
    await t.test(name, async t => {
      const registry = Promise.withResolvers<Socket>()
      const landwaiter = await before(t, ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`)
        socket.write(head.startsWith('T') ? chunk(start) : start)
        registry.resolve(socket)
      })
      const client = await connectRawHttp2(t, landwaiter)
      begin(client, landwaiter, ['GET', BLOB])
      await waitFor('the first half', () => bodyOf(client) === MIB)
      const upstream = await registry.promise
      upstream[end]()
      await waitFor('reset', () => client.received().some(({ type }) => type === FRAME.reset))
      const ofStream = client.received().filter(({ stream, type }) => stream === 1 && type <= FRAME.headers)
      t.notOk(
        ofStream.some(({ flags }) => (flags & END_STREAM) !== 0),
        'never a body that looks whole',
      )
      t.match(await lineOf(landwaiter), { action: 'pull', outcome: 'aborted', bytes_out: MIB })
      begin(client, landwaiter, ['GET', '/'], {}, 3)
      await waitFor('the connection goes on', () =>
        client.received().some(({ stream, type }) => stream === 3 && type === FRAME.headers),
      )
    })
  }
})

function bodyOf(client: RawHttp2): number {
  return client
    .received()
    .filter(({ type }) => type === FRAME.data)
    .reduce((sum, { payload }) => sum + payload.length, 0)
}

t.test('a client that leaves a download ends it for the registry', async t => {
  for (const [name, leave] of endings) {
    await t.test(`the client ${name}`, async t => {
      const gone = Promise.withResolvers<void>()
      const landwaiter = await before(t, ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2 * MIB}\r\n\r\n`)
        socket.write(Buffer.alloc(MIB))
        socket.once('close', () => gone.resolve())
      })
      const client = await connectRawHttp2(t, landwaiter)
      begin(client, landwaiter, ['GET', BLOB])
      await waitFor('half', () => bodyOf(client) === MIB)
      leave(client)
      await gone.promise
      t.match(await lineOf(landwaiter), { action: 'pull', outcome: 'aborted', status: 200, bytes_out: MIB })
    })
  }
})

t.test('a client that does not read stops the registry', async t => {
  const total = 64 * MIB
  let sent = 0
  const download = async (socket: Socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`)
    for (; sent < total; sent += MIB) if (!socket.write(Buffer.alloc(MIB))) await once(socket, 'drain')
  }
  const landwaiter = await before(t, ({ socket }) => {
    // Cut off in the end.
    download(socket).catch(() => undefined)
  })
  const client = await connectRawHttp2(t, landwaiter)
  client.socket.pause()
  begin(client, landwaiter, ['GET', BLOB])
  await waitFor('download', () => sent > 0)
  let last = -1
  await waitFor('a standstill', () => {
    const isStill = sent === last
    last = sent
    return isStill
  })
  t.ok(sent < total / 2, `${sent} bytes are on the way`)
  // Its window is of 16 MiB, and it never opens it.
  client.socket.resume()
  await waitFor('the window is used up', () => bodyOf(client) >= 16 * MIB)
  t.ok(sent < total)
  client.socket.destroy()
  t.match(await lineOf(landwaiter), { action: 'pull', outcome: 'aborted' })
})

t.test('a registry that does not read stops the client at its window', async t => {
  let registry: Socket | undefined
  const landwaiter = await before(t, ({ socket }) => {
    registry = socket.pause()
  })
  const client = await connectRawHttp2(t, landwaiter)
  begin(client, landwaiter, ['PATCH', UPLOAD])
  const updates = () =>
    client
      .received()
      .filter(({ type, stream }) => type === FRAME.windowUpdate && stream === 1)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0)
  const settings = () => client.received().filter(({ type, flags }) => type === FRAME.settings && flags === 0)
  sendData(client, Buffer.alloc(256 * KIB))
  await waitFor('the wider window', () => settings().length === 2 && updates() === 256 * KIB)
  // It is of 8 MiB; whoever sends more without an update breaks the rules.
  sendData(client, Buffer.alloc(8 * MIB))
  begin(client, landwaiter, ['GET', '/'], {}, 3)
  await waitFor('the other stream goes on', () =>
    client.received().some(({ stream, type }) => stream === 3 && type === FRAME.headers),
  )
  t.ok(updates() < 7 * MIB, `${updates()} bytes are on the way`)
  t.ok(registry)
  registry?.resume()
  await waitFor('the window opens', () => updates() > 7 * MIB)
})
