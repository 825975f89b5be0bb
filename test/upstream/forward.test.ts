import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { discardBody } from '../../src/http/discard-body.ts'
import { UpstreamUnavailable } from '../../src/model/errors.ts'
import type { Transfer } from '../../src/model/exchange.ts'
import type { RegistryRequest } from '../../src/model/registry-request.ts'
import { canonicalTarget } from '../../src/oci/target.ts'
import type { UpstreamAddress } from '../../src/upstream/address.ts'
import { createForwarder, type ForwarderOptions } from '../../src/upstream/forward.ts'
import { createTransferBuffers } from '../../src/upstream/transfer-buffers.ts'
import { freePort } from '../support/free-port.ts'
import { chunk, requestHead } from '../support/raw-client.ts'
import { resetSocket } from '../support/reset-socket.ts'
import { type Serve, startStandIn, type WireRequest } from '../support/stand-in-registry.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const HEX = 'a'.repeat(64)
const BLOB: RegistryRequest = { kind: 'blob', verb: 'read', name: 'a/b', digest: `sha256:${HEX}` }
const APPEND: RegistryRequest = { kind: 'upload', verb: 'append', name: 'a/b', session: 'u1', query: {} }
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const ACCEPTED = 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n'

/** A plain server that forwards each request as `request`, and how each of them ended. */
interface Gateway {
  readonly server: Server
  readonly port: number
  readonly transfers: Transfer[]
  readonly faults: unknown[]
  /** Codes that were observed, 0 for none. */
  readonly codes: number[]
  /** `suspended` and `resumed`, in their order. */
  readonly guard: string[]
}

async function startGateway(
  t: Test,
  address: UpstreamAddress | string,
  { request = BLOB, ...changes }: Partial<ForwarderOptions> & { readonly request?: RegistryRequest } = {},
): Promise<Gateway> {
  const [transfers, faults, codes, guard]: [Transfer[], unknown[], number[], string[]] = [[], [], [], []]
  const forwarder = createForwarder({
    address: typeof address === 'string' ? addressOf(address) : address,
    authorization: async () => 'Bearer ours',
    refusalIsOurs: true,
    suspendIdleGuard: () => {
      guard.push('suspended')
      return () => void guard.push('resumed')
    },
    discardBody,
    buffers: createTransferBuffers(64 * 1024 * 1024),
    observe: code => void codes.push(code),
    ...changes,
  })
  t.teardown(() => forwarder.close())
  const serve = async (req: IncomingMessage, res: Parameters<typeof forwarder.forward>[0]['res']) => {
    const peer = {
      id: 'id',
      startedMs: 0,
      method: req.method ?? '',
      path: '/',
      host: 'registry.test',
      clientIp: '203.0.113.7',
      peerIp: '203.0.113.7',
      scheme: 'https',
    } as const
    const identity = { subject: { name: 'admin', labels: {}, via: 'static' }, via: 'static' } as const
    try {
      const beforeAnswer = async () => undefined
      transfers.push(
        await forwarder.forward({
          req,
          res,
          peer,
          request,
          identity,
          isTokenExpired: false,
          access: [],
          beforeAnswer,
        }),
      )
    } catch (error) {
      faults.push(error)
      res.writeHead(503, { connection: 'close' }).end()
    }
  }
  const server = createServer(serve).on('checkContinue', serve)
  server.listen(0, '127.0.0.1')
  t.teardown(() => server.close().closeAllConnections())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { server, port, transfers, faults, codes, guard }
}

function addressOf(upstream: string): UpstreamAddress {
  const { hostname, port } = new URL(upstream)
  return { kind: 'tcp', host: hostname, port: Number(port) }
}

/** Sends `message` and resolves with everything that came back when the connection is closed. */
async function exchange(port: number, message: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (data: Buffer) => chunks.push(data)).on('error', () => undefined)
  socket.write(message)
  await new Promise(resolve => socket.once('close', resolve).once('end', resolve))
  socket.destroy()
  return Buffer.concat(chunks).toString('latin1')
}

function get(...headers: readonly string[]): string {
  return requestHead('GET /v2/x', 'Host: x', 'Connection: close', ...headers)
}

function patch(body: string, ...headers: readonly string[]): string {
  const length = `Content-Length: ${body.length}`
  return requestHead('PATCH /v2/x', 'Host: x', 'Connection: close', length, ...headers) + body
}

/** Answers every request, after its body, with `text`. */
function answering(text: string): Serve {
  return ({ head, early, socket, next }) => {
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
    let body = early
    const onData = (data: Buffer) => {
      body = Buffer.concat([body, data])
      if (body.length < length) return
      socket.off('data', onData).write(text)
      next(body.subarray(length))
    }
    socket.on('data', onData)
    onData(Buffer.alloc(0))
  }
}

function connectionsOf(server: Server): Promise<number> {
  return promisify(server.getConnections.bind(server))()
}

function headersOf(head: string | undefined): Record<string, string[]> {
  const all: Record<string, string[]> = {}
  for (const line of (head ?? '').split('\r\n').slice(1, -2)) {
    const [name = '', value = ''] = line.split(/: (.*)/)
    all[name.toLowerCase()] = [...(all[name.toLowerCase()] ?? []), value]
  }
  return all
}

t.test('an answer that breaks off after its head cuts the client (point 1)', async t => {
  const { upstream } = await startStandIn(t, ({ socket }) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
  })
  const gateway = await startGateway(t, upstream)
  t.match(await exchange(gateway.port, get()), /\r\n\r\nhalf$/)
  t.match(await waitFor('transfer', () => gateway.transfers[0]), {
    complete: false,
    cut: 'the registry broke off',
    bytesOut: 4,
    size: 100,
  })
})

t.test('what Expect, a queue or a client says never changes the headers sent (points 2, 3, 7)', async t => {
  const { upstream, heads } = await startStandIn(t, answering(ACCEPTED))
  const gateway = await startGateway(t, upstream, { request: APPEND })
  const theirs = [
    'Authorization: Basic dGhlaXJz',
    'X-Forwarded-For: 6.6.6.6',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Host: evil.test',
    'X-Forwarded-Port: 1',
    'Forwarded: for=6.6.6.6',
    'Cookie: a=b',
  ]
  const answers = await Promise.all([
    exchange(gateway.port, patch('body', 'Expect: 100-continue', ...theirs)),
    ...Array.from({ length: 200 }, () => exchange(gateway.port, patch('body', ...theirs))),
  ])
  t.match(answers[0], /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /)
  t.ok(answers.every(answer => answer.includes('HTTP/1.1 202 ')))
  t.equal(heads.length, 201)
  for (const head of heads) {
    const expected = {
      'content-length': ['4'],
      authorization: ['Bearer ours'],
      host: ['registry.test'],
      'x-forwarded-proto': ['https'],
      'x-forwarded-for': ['203.0.113.7'],
      'x-request-id': ['id'],
    }
    if (!t.strictSame(headersOf(head), expected)) break
  }
})

t.test('the target is the canonical one, byte for byte (point 4)', async t => {
  const state = '/../..//%2e%2E\\ü?a=b&c#d'
  const requests: readonly RegistryRequest[] = [
    { ...APPEND, verb: 'append', query: { state, digest: `sha256:${HEX}` } },
    { ...APPEND, verb: 'append', session: '..', query: {} },
    { kind: 'manifest', verb: 'read', name: 'a/b', reference: { kind: 'tag', tag: 'v1..2' } },
    { kind: 'catalog', page: { n: '1', last: 'x/../y?&=%2F' } },
    { kind: 'ping', head: false },
  ]
  for (const request of requests) {
    const { upstream, heads } = await startStandIn(t, answering(OK))
    const gateway = await startGateway(t, upstream, { request })
    await exchange(
      gateway.port,
      requestHead('GET /v2/a/../%2e%2e\\//other?x', 'Host: x', 'Connection: close'),
    )
    t.equal(heads[0]?.split('\r\n', 1)[0], `GET ${canonicalTarget(request)} HTTP/1.1`)
  }
})

t.test(
  'Location is rewritten for every status, 202 too, hop-by-hop headers end here (points 5, 6)',
  async t => {
    for (const status of [201, 202, 204, 301, 302, 307, 308]) {
      const { upstream, heads } = await startStandIn(t, ({ socket }) => {
        const location = `${upstream}/v2/a/b/blobs/uploads/u1?_state=A%3D`
        socket.write(
          `HTTP/1.1 ${status} X\r\nLocation: ${location}\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=1\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\n${status === 204 ? '' : 'Content-Length: 0\r\n'}\r\n`,
        )
      })
      const gateway = await startGateway(t, upstream)
      const sent = get('Connection: TE, X-Theirs', 'X-Theirs: 1', 'TE: trailers', 'Upgrade: h2c')
      const answer = headersOf(await exchange(gateway.port, sent))
      t.strictSame(
        answer['location'],
        ['https://registry.test/v2/a/b/blobs/uploads/u1?_state=A%3D'],
        `${status}`,
      )
      t.notMatch(Object.keys(answer), ['x-mine', 'proxy-authenticate', 'upgrade', 'keep-alive'])
      t.notMatch(heads[0], /x-theirs|\bte:|upgrade/i)
    }
  },
)

t.test('a client that leaves is never an end of its upload (point 8)', async t => {
  const seen: Buffer[] = []
  const gone = Promise.withResolvers<void>()
  const { upstream } = await startStandIn(t, ({ early, socket }) => {
    seen.push(early)
    socket.on('data', (data: Buffer) => seen.push(data)).once('close', () => gone.resolve())
  })
  const gateway = await startGateway(t, upstream, { request: APPEND })
  const client = connect(gateway.port, '127.0.0.1')
  client.write(requestHead('PATCH /v2/x', 'Host: x', 'Transfer-Encoding: chunked'))
  client.write(chunk('body'))
  await waitFor('body', () => Buffer.concat(seen).includes('body'))
  client.destroy()
  await gone.promise
  t.notMatch(Buffer.concat(seen).toString(), /0\r\n\r\n$/)
  t.match(await waitFor('transfer', () => gateway.transfers[0]), { status: 499, complete: false, bytesIn: 4 })
  t.strictSame(gateway.faults, [])
})

t.test('a client that leaves before the registry is asked leaves nothing behind', async t => {
  const { upstream, heads } = await startStandIn(t, answering(OK))
  const asked = Promise.withResolvers<void>()
  const minted = Promise.withResolvers<string>()
  const gateway = await startGateway(t, upstream, {
    authorization: () => {
      asked.resolve()
      return minted.promise
    },
  })
  const client = connect(gateway.port, '127.0.0.1')
  client.write(get())
  await asked.promise
  client.destroy()
  await waitFor('closed', async () => (await connectionsOf(gateway.server)) === 0)
  minted.resolve('Bearer late')
  t.match(await waitFor('transfer', () => gateway.transfers[0]), { status: 499, complete: false })
  t.strictSame(heads, [])
})

t.test('a registry that breaks off both ways is told of once (point 9)', async t => {
  const { upstream } = await startStandIn(t, ({ socket }) => {
    socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nhalf', () => resetSocket(socket))
  })
  const gateway = await startGateway(t, upstream, { request: APPEND })
  const client = connect(gateway.port, '127.0.0.1')
  client.resume().on('error', () => undefined)
  client.write(requestHead('PATCH /v2/x', 'Host: x', 'Transfer-Encoding: chunked'))
  client.write(chunk(Buffer.alloc(100_000)))
  await new Promise(resolve => client.once('close', resolve))
  await waitFor('end', () => gateway.transfers.length + gateway.faults.length > 0)
  t.equal(gateway.transfers.length + gateway.faults.length, 1)
  t.equal(gateway.codes.length, 1)
})

t.test(
  'an answer that comes during the upload reaches the client, whose connection then ends (point 10)',
  async t => {
    const closed = Promise.withResolvers<void>()
    const { upstream } = await startStandIn(t, ({ socket }) => {
      socket.once('close', () => closed.resolve())
      socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig')
    })
    const gateway = await startGateway(t, upstream, { request: APPEND })
    const head = requestHead('PATCH /v2/x', 'Host: x', 'Content-Length: 1000000')
    const answer = await exchange(gateway.port, Buffer.concat([Buffer.from(head), Buffer.alloc(999_999)]))
    t.match(answer, /^HTTP\/1\.1 413 .*connection: close.*\r\n\r\nbig$/is)
    await closed.promise
    t.match(gateway.transfers, [{ status: 413, complete: true, bytesOut: 3 }])
  },
)

t.test('a registry that cannot be reached is a fault with its phase, not a crash (point 11)', async t => {
  const dir = tempDir(t)
  const port = await freePort()
  const unreachable: readonly (readonly [string, UpstreamAddress])[] = [
    ['a closed port', { kind: 'tcp', host: '127.0.0.1', port }],
    ['a name with several addresses', { kind: 'tcp', host: 'localhost', port }],
    ['a missing socket', { kind: 'unix', path: join(dir, 'none.sock') }],
  ]
  for (const [name, address] of unreachable) {
    const gateway = await startGateway(t, address)
    t.match(await exchange(gateway.port, get()), /^HTTP\/1\.1 503 /, name)
    const [fault] = gateway.faults
    t.match(fault, { phase: 'connect', message: 'the registry cannot be reached, try again shortly' }, name)
    t.ok(fault instanceof UpstreamUnavailable)
    t.strictSame(gateway.codes, [0])
  }
  const { upstream } = await startStandIn(t, ({ socket }) => {
    socket.end('SSH-2.0-nonsense\r\n')
  })
  const gateway = await startGateway(t, upstream)
  t.match(await exchange(gateway.port, get()), /^HTTP\/1\.1 503 /, 'no HTTP')
  t.match(gateway.faults, [{ phase: 'headers' }])
})

t.test('time limits are for silence only, and the client has its own (point 12)', async t => {
  const limits = { connectMs: 5_000, silenceMs: 300 }
  await t.test('a registry that says nothing is given up, once', async t => {
    const { upstream, heads } = await startStandIn(t, () => {})
    const gateway = await startGateway(t, upstream, { limits })
    t.match(await exchange(gateway.port, get()), /^HTTP\/1\.1 503 /)
    t.equal(heads.length, 1)
    t.match(gateway.faults, [{ phase: 'headers' }])
  })
  await t.test('an upload that is slow but alive is not', async t => {
    const { upstream } = await startStandIn(t, answering(ACCEPTED))
    const gateway = await startGateway(t, upstream, { request: APPEND, limits })
    const sockets: Socket[] = []
    gateway.server.on('connection', socket => sockets.push(socket))
    const client = connect(gateway.port, '127.0.0.1')
    let answer = ''
    client.on('data', data => {
      answer += data
    })
    client.write(requestHead('PATCH /v2/x', 'Host: x', 'Content-Length: 10'))
    for (let i = 0; i < 10; i += 1) {
      await new Promise(resolve => setTimeout(resolve, 100))
      client.write('x')
    }
    await waitFor('answer', () => answer !== '')
    t.match(answer, /^HTTP\/1\.1 202 /)
    t.strictSame(
      sockets.map(({ timeout }) => timeout ?? 0),
      [gateway.server.keepAliveTimeout + 1000],
    )
    client.destroy()
  })
})

t.test('a kept connection that the registry has closed', async t => {
  /** Answers the first request of its first connection, and closes at the second. */
  const closesOnce: Serve = request => {
    if (request.connection === 1 && served.push(request) > 1) resetSocket(request.socket)
    else answering(OK)(request)
  }
  const served: WireRequest[] = []
  await t.test('is replaced for a request without a body', async t => {
    served.length = 0
    const { upstream, heads } = await startStandIn(t, closesOnce)
    const gateway = await startGateway(t, upstream)
    t.match(await exchange(gateway.port, get()), /ok$/)
    t.match(await exchange(gateway.port, get()), /ok$/)
    t.equal(heads.length, 3)
    t.strictSame(gateway.codes, [200, 200])
    t.strictSame(gateway.faults, [])
  })
  await t.test('fails a request with a body, or one that changes something', async t => {
    for (const request of [patch('body'), get().replace('GET', 'DELETE')]) {
      served.length = 0
      const { upstream, heads } = await startStandIn(t, closesOnce)
      const gateway = await startGateway(t, upstream)
      t.match(await exchange(gateway.port, get()), /ok$/)
      t.match(await exchange(gateway.port, request), /^HTTP\/1\.1 503 /)
      t.equal(heads.length, 2, 'sent once')
    }
  })
  await t.test('is no reason to ask a registry that is broken again and again', async t => {
    const { upstream, heads } = await startStandIn(t, ({ socket }) => {
      resetSocket(socket)
    })
    const gateway = await startGateway(t, upstream)
    t.match(await exchange(gateway.port, get()), /^HTTP\/1\.1 503 /)
    t.equal(heads.length, 1)
  })
})

t.test('a registry is reached by a Unix socket and by an IPv6 address', async t => {
  const path = join(tempDir(t), 'registry.sock')
  const hasIpv6 = Object.values(networkInterfaces())
    .flat()
    .some(found => found?.address === '::1')
  for (const where of [{ path }, ...(hasIpv6 ? [{ host: '::1', port: 0 }] : [])]) {
    const server = createServer((_, res) => res.end('ok')).listen(where)
    t.teardown(() => server.close().closeAllConnections())
    await once(server, 'listening')
    const { port } = 'path' in where ? { port: 0 } : (server.address() as AddressInfo)
    const gateway = await startGateway(
      t,
      'path' in where ? { kind: 'unix', path } : { kind: 'tcp', host: '::1', port },
    )
    t.match(await exchange(gateway.port, get()), /^HTTP\/1\.1 200 /)
  }
})

t.test('connections to the registry are kept and reused', async t => {
  const connections = new Set<number>()
  const { upstream } = await startStandIn(t, request => {
    connections.add(request.connection)
    answering(OK)(request)
  })
  const gateway = await startGateway(t, upstream)
  for (let i = 0; i < 20; i += 1) await exchange(gateway.port, get())
  t.ok(connections.size <= 2, `${connections.size} connections for 20 requests`)
})

t.test('the idle guard is suspended while only the registry can act', async t => {
  const seen: Buffer[] = []
  const registry = Promise.withResolvers<Socket>()
  const { upstream } = await startStandIn(t, ({ socket, early }) => {
    seen.push(early)
    socket.on('data', (data: Buffer) => seen.push(data))
    registry.resolve(socket)
  })
  const gateway = await startGateway(t, upstream, { request: APPEND })
  const client = connect(gateway.port, '127.0.0.1')
  client.write(`${requestHead('PATCH /v2/x', 'Host: x', 'Content-Length: 2')}x`)
  await waitFor('first byte', () => Buffer.concat(seen).toString() === 'x')
  t.strictSame(gateway.guard, [], 'not while the client has more to send')
  client.write('y')
  await waitFor('last byte', () => Buffer.concat(seen).toString() === 'xy')
  t.strictSame(gateway.guard, ['suspended'])
  const socket = await registry.promise
  socket.write(ACCEPTED)
  await waitFor('transfer', () => gateway.transfers[0])
  t.strictSame(gateway.guard, ['suspended', 'resumed'])
  client.destroy()
})

t.test("a 401 is our fault unless the client's own token was passed on", async t => {
  const unauthorized = 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n'
  for (const refusalIsOurs of [true, false]) {
    const { upstream } = await startStandIn(t, answering(unauthorized))
    const gateway = await startGateway(t, upstream, { refusalIsOurs })
    const answer = await exchange(gateway.port, get())
    t.match(answer, refusalIsOurs ? /^HTTP\/1\.1 503 / : /^HTTP\/1\.1 401 .*www-authenticate: bearer/is)
    t.match(gateway.faults, refusalIsOurs ? [{ phase: 'refused' }] : [])
  }
})
