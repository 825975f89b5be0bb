import { once } from 'node:events'
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { createListener, suspendIdleGuard } from '../../src/http/listen.ts'
import { createServerOptions } from '../../src/tls/server-options.ts'
import { makePair, memoryLog, openFiles, temporaryDirectory } from '../tls/support.ts'

/**
 * A listener that answers `/hang` never, `/wait` neither but as if the registry were at fault, `/begin` not to the end,
 * and `/read` after the body.
 */
async function start(t: Test, limits: { readonly headersMs: number; readonly idleMs: number }) {
  const pair = makePair({ directory: temporaryDirectory(t), file: 'one', names: 'DNS:localhost' })
  const { source } = await openFiles(t, { pairs: [pair] })
  const options = createServerOptions(source, { alpn: () => ['h2'] })
  t.teardown(() => options.close())
  const listener = createListener({
    tls: options.current(),
    log: memoryLog(),
    limits,
    handler: (req, res) => {
      if (req.url === '/wait') suspendIdleGuard(req)
      if (req.url === '/read') req.on('end', () => res.end('ok')).resume()
      if (req.url === '/begin') res.flushHeaders()
      if (req.url === '/') res.writeHead(200).end('ok')
    },
  })
  t.teardown(() => listener.close(0))
  return { listener, port: await listener.listen({ host: '127.0.0.1', port: 0 }) }
}

async function listen(t: Test, limits: Parameters<typeof start>[1]): Promise<number> {
  return (await start(t, limits)).port
}

async function open(t: Test, port: number): Promise<ClientHttp2Session> {
  const session = connect(`https://localhost:${port}`, { rejectUnauthorized: false })
  t.teardown(() => session.destroy())
  session.on('error', () => undefined)
  await once(session, 'connect')
  return session
}

t.test('a connection that asks nothing is closed', async t => {
  const session = await open(t, await listen(t, { headersMs: 50, idleMs: 60_000 }))
  await once(session, 'close')
  t.ok(session.closed)
})

t.test('a dead connection is cut, one that waits for the registry is not', async t => {
  const port = await listen(t, { headersMs: 60_000, idleMs: 100 })
  const waiting = await open(t, port)
  waiting.request({ ':path': '/wait' }).on('error', () => undefined)
  const dead = await open(t, port)
  dead.request({ ':path': '/hang' }).on('error', () => undefined)
  await once(dead, 'close')
  const late = await open(t, port)
  late.request({ ':path': '/hang' }).on('error', () => undefined)
  await once(late, 'close')
  t.notOk(waiting.destroyed)
})

t.test('more headers than HTTP/1.1 may have are refused, and more streams than 100 wait', async t => {
  const session = await open(t, await listen(t, { headersMs: 60_000, idleMs: 60_000 }))
  await once(session, 'remoteSettings')
  t.match(session.remoteSettings, { maxConcurrentStreams: 100, maxHeaderListSize: 65_536 })
  const large = session.request({ ':path': '/', 'x-large': 'x'.repeat(70_000) })
  large.on('error', () => undefined).resume()
  await new Promise(resolve => large.once('close', resolve))
  t.equal(large.rstCode, constants.NGHTTP2_REFUSED_STREAM)
})

t.test('a stream may send little until an upload of its connection is read', async t => {
  const session = await open(t, await listen(t, { headersMs: 60_000, idleMs: 60_000 }))
  await once(session, 'remoteSettings')
  const windows: unknown[] = [session.remoteSettings.initialWindowSize]
  session.on('remoteSettings', settings => windows.push(settings.initialWindowSize))
  const ask = async (path: string, bytes: number) => {
    const stream = session.request({ ':method': 'POST', ':path': path })
    stream.end(Buffer.alloc(bytes))
    stream.resume()
    await once(stream, 'end')
  }
  await ask('/', 1024 * 1024)
  await ask('/read', 128 * 1024)
  t.strictSame(windows, [256 * 1024])
  await ask('/read', 1024 * 1024)
  await ask('/read', 1024 * 1024)
  t.strictSame(windows, [256 * 1024, 8 * 1024 * 1024])
})

t.test('a handshake that ends during the drain begins no requests', async t => {
  const { listener, port } = await start(t, { headersMs: 60_000, idleMs: 60_000 })
  const busy = await open(t, port)
  const running = busy.request({ ':path': '/begin' }).on('error', () => undefined)
  await once(running, 'response')
  const accepted = once(listener.server, 'connection')
  const raw = connectTcp(port, '127.0.0.1')
  t.teardown(() => raw.destroy())
  await accepted
  const closed = listener.close(60_000)
  const socket = connectTls({ socket: raw, ALPNProtocols: ['h2'], rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const late = connect(`https://localhost:${port}`, { createConnection: () => socket })
  late.on('error', () => undefined)
  const request = late.request({ ':path': '/' }).on('error', () => undefined)
  const answered = new Promise(resolve => request.once('response', () => resolve(true)))
  t.notOk(await Promise.race([answered, once(late, 'close').then(() => false)]))
  late.destroy()
  busy.destroy()
  t.equal(await closed, 0)
})
