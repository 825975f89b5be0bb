import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { downloadDeaths } from '../support/download-deaths.ts'
import { basic, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { startLandwaiterProcess } from '../support/landwaiter-process.ts'
import { chunk, connectRaw, requestHead } from '../support/raw-client.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { resetSocket } from '../support/reset-socket.ts'
import { runCommand } from '../support/run-command.ts'
import { type Serve, startStandIn, type WireRequest } from '../support/stand-in-registry.ts'
import { waitFor } from '../support/wait-for.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB
/** The longest upload: 1 GiB, or as many as told, LANDWAITER_LONG_UPLOAD=20. */
const LONG_UPLOAD = Number(process.env['LANDWAITER_LONG_UPLOAD'] ?? 1) * GIB
const DIGEST = `sha256:${'a'.repeat(64)}`
const UPLOAD = '/v2/dev/x/blobs/uploads/11111111-1111-1111-1111-111111111111'
const BLOB = `/v2/dev/x/blobs/${DIGEST}`
const AUTHORIZATION = `Authorization: ${basic('admin')}`
/** What a landwaiter may need more than idle, whatever passes. */
const GROWTH = 250 * MIB
const LAST_CHUNK = '0\r\n\r\n'

/** A landwaiter in front of `serve`. */
async function before(t: Test, serve: Serve): Promise<TestLandwaiter> {
  const { upstream } = await startStandIn(t, serve)
  return startLandwaiter(t, { config: { registry: { upstream, auth: 'none' } } })
}

function host({ host }: Pick<TestLandwaiter, 'host'>): string {
  return `Host: ${host}`
}

/** The audit line of the one transfer of a test. */
function lineOf(landwaiter: TestLandwaiter): Promise<object> {
  return waitFor('audit line', () => landwaiter.audit().find(({ action }) => action !== 'server.start'))
}

function unexpected({ log }: TestLandwaiter): readonly unknown[] {
  return log.filter(({ level }) => level === 'error')
}

t.test('memory stays constant', async t => {
  let bytes = 0
  const sink = createServer((req, res) => {
    if (req.url === BLOB) return void sendGibibyte(res)
    req.on('data', (data: Buffer) => {
      bytes += data.length
    })
    req.once('end', () => res.writeHead(202, { 'content-length': 0 }).end())
  })
  const { port } = await listening(t, sink)
  const landwaiter = await startLandwaiterProcess(t, {
    registry: { upstream: `http://127.0.0.1:${port}`, auth: 'none' },
  })
  const idle = memory(landwaiter.pid)

  await t.test(`for an upload of ${LONG_UPLOAD / GIB} GiB in chunks`, async t => {
    const { socket, received } = await connectRaw(t, landwaiter)
    socket.write(
      requestHead(`PATCH ${UPLOAD}`, host(landwaiter), AUTHORIZATION, 'Transfer-Encoding: chunked'),
    )
    const mebibyte = chunk(Buffer.alloc(MIB, 'landwaiter'))
    for (let sent = 0; sent < LONG_UPLOAD; sent += MIB) {
      if (!socket.write(mebibyte)) await once(socket, 'drain')
    }
    socket.write(LAST_CHUNK)
    await waitFor('answer', () => received().includes('\r\n\r\n'))
    t.match(received().toString(), /^HTTP\/1\.1 202 /)
    t.equal(bytes, LONG_UPLOAD)
    t.ok(
      memory(landwaiter.pid).peak - idle.resident < GROWTH,
      JSON.stringify({ idle, ...memory(landwaiter.pid) }),
    )
  })

  await t.test('for a download of 1 GiB by a client slower than the registry', async t => {
    const { socket } = await connectRaw(t, landwaiter, { read: false })
    socket.write(requestHead(`GET ${BLOB}`, host(landwaiter), AUTHORIZATION))
    let arrived = 0
    let stops = 0
    socket.on('data', (data: Buffer) => {
      arrived += data.length
      if (arrived / (64 * MIB) <= stops) return
      stops += 1
      socket.pause()
      setTimeout(() => socket.resume(), 50)
    })
    await waitFor('the whole', () => arrived > GIB)
    t.match(
      await landwaiter.ready('line', () => landwaiter.audit().find(({ action }) => action === 'pull')),
      {
        outcome: 'success',
        bytes_out: GIB,
      },
    )
    t.ok(memory(landwaiter.pid).peak - idle.resident < GROWTH, JSON.stringify(memory(landwaiter.pid)))
  })
})

t.test('back-pressure reaches the other side', async t => {
  await t.test('a registry that does not read stops the client, then gets everything', async t => {
    const total = 64 * MIB
    const upstream = Promise.withResolvers<Socket>()
    let arrived = 0
    const landwaiter = await before(t, ({ socket, early }) => {
      arrived = early.length
      socket.pause()
      upstream.resolve(socket)
    })
    const { socket: client, received } = await connectRaw(t, landwaiter)
    client.write(requestHead(`PATCH ${UPLOAD}`, host(landwaiter), AUTHORIZATION, `Content-Length: ${total}`))
    let sent = 0
    const upload = async () => {
      for (; sent < total; sent += MIB) if (!client.write(Buffer.alloc(MIB))) await once(client, 'drain')
    }
    const uploading = upload()
    const registry = await upstream.promise
    await untilConstant(() => sent)
    t.ok(sent < total / 2, `${sent} bytes are on the way`)
    registry.on('data', (data: Buffer) => {
      arrived += data.length
      if (arrived === total) registry.write('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n')
    })
    registry.resume()
    await uploading
    await waitFor('answer', () => received().length > 0)
    t.equal(arrived, total)
    t.match(received().toString(), /^HTTP\/1\.1 202 /)
  })

  await t.test('a client that does not read stops the registry, then gets everything', async t => {
    const total = 64 * MIB
    let sent = 0
    const download = async (socket: Socket) => {
      socket.write(
        requestHead('HTTP/1.1 200 OK', `Content-Length: ${total}`).replace(' HTTP/1.1\r\n', '\r\n'),
      )
      for (; sent < total; sent += MIB) if (!socket.write(Buffer.alloc(MIB))) await once(socket, 'drain')
    }
    const landwaiter = await before(t, ({ socket }) => {
      void download(socket)
    })
    const { socket: client } = await connectRaw(t, landwaiter, { read: false })
    client.write(requestHead(`GET ${BLOB}`, host(landwaiter), AUTHORIZATION))
    await waitFor('download', () => sent > 0)
    await untilConstant(() => sent)
    t.ok(sent < total / 2, `${sent} bytes are on the way`)
    let arrived = 0
    client.on('data', (data: Buffer) => {
      arrived += data.length
    })
    await waitFor('the whole', () => arrived > total)
    t.match(await lineOf(landwaiter), { outcome: 'success', bytes_out: total })
  })
})

t.test('a client that leaves an upload', async t => {
  const total = 4 * MIB
  for (const framing of ['Content-Length', 'Transfer-Encoding'] as const) {
    for (const percent of [1, 50, 99]) {
      await t.test(`breaks it off for the registry at ${percent} % (${framing})`, async t => {
        const seen: Buffer[] = []
        const gone = Promise.withResolvers<void>()
        const landwaiter = await before(t, ({ socket, early }) => {
          seen.push(early)
          socket.on('data', (data: Buffer) => seen.push(data)).once('close', () => gone.resolve())
        })
        const bytes = Buffer.alloc(Math.floor((total * percent) / 100), 'x')
        const { socket: client } = await connectRaw(t, landwaiter)
        const header = framing === 'Content-Length' ? `${framing}: ${total}` : `${framing}: chunked`
        client.write(requestHead(`PATCH ${UPLOAD}`, host(landwaiter), AUTHORIZATION, header))
        client.write(framing === 'Content-Length' ? bytes : chunk(bytes))
        const text = () => Buffer.concat(seen).toString('latin1')
        await waitFor('all that was sent', () => text().replaceAll(/[^x]/g, '').length === bytes.length)
        client.destroy()
        await gone.promise
        t.notOk(text().endsWith(LAST_CHUNK), 'never a clean end')
        t.match(await lineOf(landwaiter), {
          action: 'push',
          outcome: 'aborted',
          status: 499,
          actor: { name: 'admin' },
          repository: 'dev/x',
          bytes_in: bytes.length,
        })
        t.strictSame(unexpected(landwaiter), [])
      })
    }
  }
})

t.test('a client that leaves a download', async t => {
  const total = 4 * MIB
  for (const percent of [1, 50, 99]) {
    await t.test(`ends it for the registry at ${percent} %`, async t => {
      const bytes = Buffer.alloc(Math.floor((total * percent) / 100))
      const gone = Promise.withResolvers<void>()
      const landwaiter = await before(t, ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`)
        socket.write(bytes)
        socket.once('close', () => gone.resolve())
      })
      const { socket: client, received } = await connectRaw(t, landwaiter)
      client.write(requestHead(`GET ${BLOB}`, host(landwaiter), AUTHORIZATION))
      await waitFor(
        'what was sent',
        () => bodyOf(received()).length === bytes.length && received().length > 0,
      )
      client.destroy()
      await gone.promise
      t.match(await lineOf(landwaiter), {
        action: 'pull',
        outcome: 'aborted',
        status: 200,
        bytes_out: bytes.length,
      })
      t.strictSame(unexpected(landwaiter), [])
    })
  }
  await t.test('before there is an answer ends it, too', async t => {
    const gone = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const landwaiter = await before(t, ({ socket }) => {
      socket.once('close', () => gone.resolve())
      asked.resolve()
    })
    const { socket: client } = await connectRaw(t, landwaiter)
    client.write(requestHead(`GET ${BLOB}`, host(landwaiter), AUTHORIZATION))
    await asked.promise
    client.destroy()
    await gone.promise
    t.match(await lineOf(landwaiter), { action: 'pull', outcome: 'aborted', status: 499 })
  })
})

t.test('a registry that dies during a download cuts the client off', async t => {
  const start = Buffer.alloc(MIB)
  for (const { name, head, end } of downloadDeaths(MIB)) {
    await t.test(name, async t => {
      const upstream = Promise.withResolvers<Socket>()
      const landwaiter = await before(t, ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`)
        socket.write(head.startsWith('T') ? chunk(start) : start)
        upstream.resolve(socket)
      })
      const { socket: client, received, closed } = await connectRaw(t, landwaiter)
      client.write(requestHead(`GET ${BLOB}`, host(landwaiter), AUTHORIZATION))
      await waitFor('the first half', () => received().length > MIB)
      const registry = await upstream.promise
      registry[end]()
      await closed
      t.notOk(received().toString('latin1').endsWith(LAST_CHUNK), 'never a body that looks whole')
      t.match(await lineOf(landwaiter), { action: 'pull', outcome: 'aborted', bytes_out: MIB })
      t.strictSame(unexpected(landwaiter), [])
    })
  }
})

t.test('an answer that comes before the upload is through reaches the client', async t => {
  const body = JSON.stringify({ errors: [{ code: 'SIZE_INVALID', message: 'too big' }] })
  const answer = `HTTP/1.1 413 Too Large\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const cases = [
    { name: 'from a registry that reads on', after: (socket: Socket) => void socket.resume() },
    { name: 'from a registry that half-closes, as Go does', after: (socket: Socket) => void socket.end() },
    {
      name: 'from a registry that resets a little later',
      after: (socket: Socket) => void sleep(100).then(() => resetSocket(socket)),
    },
  ]
  for (const { name, after } of cases) {
    await t.test(name, async t => {
      const landwaiter = await before(t, ({ socket }) => {
        socket.write(answer)
        after(socket)
      })
      const { socket: client, received, closed } = await connectRaw(t, landwaiter)
      client.write(
        requestHead(`PATCH ${UPLOAD}`, host(landwaiter), AUTHORIZATION, 'Transfer-Encoding: chunked'),
      )
      const uploading = uploadUntilClosed(client)
      await waitFor('answer', () => received().includes(body))
      t.match(received().toString(), /^HTTP\/1\.1 413 .*\r\nconnection: close\r\n/is)
      await closed
      await uploading
      t.match(await lineOf(landwaiter), { action: 'push', outcome: 'failed', status: 413 })
      t.strictSame(unexpected(landwaiter), [])
    })
  }
  await t.test('from a real registry that does not know the upload', async t => {
    const { upstream } = await startRealRegistry(t)
    const landwaiter = await startLandwaiter(t, { config: { registry: { upstream, auth: 'none' } } })
    const { socket: client, received } = await connectRaw(t, landwaiter)
    client.write(
      requestHead(`PATCH ${UPLOAD}`, host(landwaiter), AUTHORIZATION, 'Transfer-Encoding: chunked'),
    )
    const uploading = uploadUntilClosed(client)
    await waitFor('answer', () => received().includes('BLOB_UPLOAD'))
    t.match(received().toString(), /^HTTP\/1\.1 404 /)
    await uploading
  })
})

t.test('a registry that dies during an upload gives 503, once', async t => {
  const heads: string[] = []
  const landwaiter = await before(t, ({ head, socket }) => {
    heads.push(head)
    socket.once('data', () => resetSocket(socket))
  })
  const { socket: client, received, closed } = await connectRaw(t, landwaiter)
  client.write(requestHead(`PATCH ${UPLOAD}`, host(landwaiter), AUTHORIZATION, 'Transfer-Encoding: chunked'))
  const uploading = uploadUntilClosed(client)
  await closed
  await uploading
  t.match(received().toString(), /^HTTP\/1\.1 503 .*retry-after: 5.*"UNAVAILABLE"/is)
  t.match(await lineOf(landwaiter), { action: 'push', outcome: 'failed', status: 503 })
  t.equal(heads.length, 1, 'a body is never sent twice')
})

t.test('Expect: 100-continue', async t => {
  const { upstream } = await startRealRegistry(t)
  const landwaiter = await startLandwaiter(t, { config: { registry: { upstream, auth: 'none' } } })
  const file = join(landwaiter.dir, 'layer')
  const layer = Buffer.alloc(3 * MIB, 'layer')
  writeFileSync(file, layer)
  const digest = `sha256:${createHash('sha256').update(layer).digest('hex')}`
  const put = (user: string, url: string, ...more: readonly string[]) =>
    runCommand('curl', [
      ...['-sSv', '--cacert', landwaiter.caFile, '-u', `${user}:${user}-password`, '-T', file, ...more],
      ...['-w', '\n%{http_code} %{size_upload}', url],
    ])

  await t.test('is answered when the upload is allowed', async t => {
    const start = await landwaiter.request('/v2/dev-backend/x/blobs/uploads/', {
      method: 'POST',
      headers: { authorization: basic('developer') },
    })
    const { stdout, stderr } = await put('developer', `${start.headers['location']}&digest=${digest}`)
    t.match(stderr, /< HTTP\/1\.1 100 Continue.*< HTTP\/1\.1 201 Created/s)
    t.equal(stdout, `\n201 ${layer.length}`)
  })

  const foreign = `${landwaiter.url}/v2/prod/x/blobs/uploads/1?digest=${digest}`
  await t.test('is refused with 403, and nothing of the body is read', async t => {
    const { stdout, stderr } = await put('developer', foreign)
    t.notMatch(stderr, '100 Continue')
    t.match(stdout, /"code":"DENIED".*\n403 0$/s)
  })

  await t.test('is refused with 403 when the body comes without waiting', async t => {
    const { stdout } = await put('developer', foreign, '-H', 'Expect:')
    t.match(stdout, /"code":"DENIED".*\n403 \d+$/s)
    const { socket: client, received, closed } = await connectRaw(t, landwaiter)
    client.write(
      requestHead(
        `PATCH ${UPLOAD}`,
        host(landwaiter),
        `Authorization: ${basic('developer')}`,
        'Transfer-Encoding: chunked',
      ),
    )
    const uploading = uploadUntilClosed(client)
    await closed
    await uploading
    t.match(received().toString(), /^HTTP\/1\.1 403 .*"code":"DENIED"/s)
  })
})

t.test('a Range that cannot be satisfied, which registry 2.8.2 answers with too few bytes', async t => {
  const { upstream } = await startRealRegistry(t)
  const landwaiter = await startLandwaiter(t, { config: { registry: { upstream, auth: 'none' } } })
  const blob = Buffer.alloc(MIB, 'blob')
  const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`
  const headers = { authorization: basic('admin') }
  const start = await landwaiter.request('/v2/dev/x/blobs/uploads/', { method: 'POST', headers })
  const location = new URL(String(start.headers['location']))
  const pushed = await landwaiter.request(`${location.pathname}${location.search}&digest=${digest}`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/octet-stream' },
    body: blob,
  })
  t.equal(pushed.status, 201)
  const path = `/v2/dev/x/blobs/${digest}`
  const { socket: client, received, closed } = await connectRaw(t, landwaiter)
  client.write(
    requestHead(
      `GET ${path}`,
      host(landwaiter),
      AUTHORIZATION,
      `Range: bytes=${2 * MIB}-`,
      'Connection: close',
    ),
  )
  await closed
  t.match(received().toString(), /^HTTP\/1\.1 416 /, 'ends instead of hanging')
  const whole = await landwaiter.request(path, { headers })
  t.strictSame([whole.status, whole.text.length], [200, MIB], 'the next request is not disturbed')
  const part = await landwaiter.request(path, { headers: { ...headers, range: 'bytes=2-5' } })
  t.strictSame([part.status, part.text, part.headers['content-range']], [206, 'obbl', `bytes 2-5/${MIB}`])
})

t.test('a registry that ends its connection behind a slow client', async t => {
  const total = 32 * MIB
  const cases = [
    { name: 'after the whole body: nothing is lost', sends: total, outcome: 'success' },
    { name: 'before: the client is cut off', sends: total / 2, outcome: 'aborted' },
  ]
  for (const { name, sends, outcome } of cases) {
    await t.test(name, async t => {
      const landwaiter = await before(t, ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${total}\r\n\r\n`)
        socket.end(Buffer.alloc(sends))
      })
      const { socket: client, closed } = await connectRaw(t, landwaiter, { read: false })
      client.write(requestHead(`GET ${BLOB}`, host(landwaiter), AUTHORIZATION, 'Connection: close'))
      await sleep(300)
      let arrived = 0
      client.on('data', (data: Buffer) => {
        arrived += data.length
      })
      await closed
      t.equal(arrived >= total, outcome === 'success')
      t.match(await lineOf(landwaiter), { action: 'pull', outcome })
      t.strictSame(unexpected(landwaiter), [])
    })
  }
})

t.test('a registry that restarts during slow pulls leaves us up', async t => {
  const serve: Serve = ({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * MIB}\r\n\r\n`)
    socket.write(Buffer.alloc(32 * MIB))
  }
  const first = await startStandIn(t, serve)
  const landwaiter = await startLandwaiter(t, {
    config: { registry: { upstream: first.upstream, auth: 'none' } },
  })
  const clients = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const client = await connectRaw(t, landwaiter, { read: false })
      client.socket.write(requestHead(`GET ${BLOB}`, host(landwaiter), AUTHORIZATION))
      return client
    }),
  )
  await waitFor('8 pulls', () => first.heads.length === 8)
  await first.stop()
  const headers = { authorization: basic('admin') }
  t.match(await landwaiter.request('/v2/', { headers }), { status: 503, headers: { 'retry-after': '5' } })
  await startStandIn(t, answerEmpty, first.port)
  t.match(await landwaiter.request('/v2/', { headers }), { status: 200 })
  for (const { socket, closed } of clients) {
    socket.resume()
    await closed
  }
  const pulls = await waitFor('8 lines', () => {
    const lines = landwaiter.audit().filter(({ action }) => action === 'pull')
    return lines.length === 8 && lines
  })
  t.strictSame([...new Set(pulls.map(({ outcome }) => outcome))], ['aborted'])
})

function memory(pid: number): { readonly resident: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = (name: string) => Number(new RegExp(`${name}:\\s*(\\d+) kB`).exec(status)?.[1])
  return { resident: kib('VmRSS') * 1024, peak: kib('VmHWM') * 1024 }
}

function answerEmpty({ socket, early, next }: WireRequest): void {
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  next(early)
}

async function listening(t: Test, server: ReturnType<typeof createServer>): Promise<AddressInfo> {
  server.listen(0, '127.0.0.1')
  t.teardown(() => server.close().closeAllConnections())
  await once(server, 'listening')
  return server.address() as AddressInfo
}

async function sendGibibyte(res: ServerResponse): Promise<void> {
  const mebibyte = Buffer.alloc(MIB, 'landwaiter')
  res.writeHead(200, { 'content-length': GIB })
  await pipeline(Readable.from(Array(GIB / MIB).fill(mebibyte)), res)
}

function bodyOf(message: Buffer): Buffer {
  const end = message.indexOf('\r\n\r\n')
  return end < 0 ? Buffer.alloc(0) : message.subarray(end + 4)
}

/** Chunk after chunk until the other side is gone. */
async function uploadUntilClosed(client: Socket): Promise<void> {
  const piece = chunk(Buffer.alloc(64 * 1024))
  const closed = once(client, 'close').catch(() => undefined)
  while (!client.destroyed && client.writable) {
    const drained = Promise.withResolvers<unknown>()
    if (client.write(piece)) setImmediate(drained.resolve)
    else client.once('drain', drained.resolve)
    await Promise.race([drained.promise, closed])
  }
}

/** Resolves when the value has stayed the same for a while. */
async function untilConstant(read: () => number): Promise<void> {
  let last = -1
  await waitFor('no more movement', async () => {
    const before = last
    last = read()
    await sleep(300)
    return before === last && read() === last
  })
}
