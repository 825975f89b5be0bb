import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { basic, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { connectRaw, requestHead } from '../support/raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const BLOB = `/v2/a/blobs/${DIGEST}`
const MIB = 1024 * 1024
const authorization = basic('admin')

interface Storage {
  readonly host: string
  readonly asked: readonly {
    readonly method: string
    readonly url: string
    readonly headers: IncomingHttpHeaders
  }[]
}

/** A landwaiter that follows, before a registry that sends everything to `path` of a storage that answers by `serve`. */
async function start(t: Test, serve: RequestListener, path = '/bucket/blob?X-Amz-Signature=s3cret') {
  const asked: Storage['asked'][number][] = []
  const storage = await listen(t, (req, res) => {
    asked.push({ method: req.method ?? '', url: req.url ?? '', headers: req.headers })
    serve(req, res)
  })
  const location = path.startsWith('/bucket') ? `http://${storage}${path}` : path
  const registry = await listen(t, (req, res) => {
    if (req.url === '/v2/') return void res.end('{}')
    res
      .writeHead(307, { location, 'content-length': 4, 'set-cookie': 'a=b' })
      .end(req.method === 'HEAD' ? '' : 'away')
  })
  const landwaiter = await startLandwaiter(t, {
    config: {
      registry: {
        upstream: `http://${registry}`,
        auth: 'none',
        redirects: 'follow',
        redirect_hosts: [storage, '127.0.0.1:1'],
      },
    },
  })
  return { landwaiter, storage, asked }
}

async function listen(t: Test, serve: RequestListener): Promise<string> {
  const server = createServer(serve).listen(0, '127.0.0.1')
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

function lineOf(landwaiter: TestLandwaiter): Promise<object> {
  return waitFor('audit line', () => landwaiter.audit().find(({ action }) => action !== 'server.start'))
}

t.test('the storage learns nothing of the client, and the client nothing of the storage', async t => {
  const { landwaiter, storage, asked } = await start(t, (_, res) => {
    const headers = { 'x-amz-request-id': '1', 'set-cookie': 'c=d', etag: '"md5"', server: 'S3', via: 'x' }
    res.writeHead(200, { ...headers, 'content-type': 'text/html', 'content-length': 4 }).end('blob')
  })
  const secrets = { authorization, cookie: 'a=b', 'x-forwarded-for': '1.1.1.1', 'user-agent': 'docker' }
  const { status, headers, text } = await landwaiter.request(BLOB, { headers: secrets })
  t.strictSame([status, text], [200, 'blob'])
  const { date, 'x-request-id': id, ...rest } = headers
  t.ok(date && id)
  t.strictSame(rest, {
    'accept-ranges': 'bytes',
    'cache-control': 'max-age=31536000',
    connection: 'keep-alive',
    'content-length': '4',
    'content-type': 'application/octet-stream',
    'docker-content-digest': DIGEST,
    'docker-distribution-api-version': 'registry/2.0',
    etag: `"${DIGEST}"`,
    'keep-alive': rest['keep-alive'],
  })
  t.strictSame(asked, [
    {
      method: 'GET',
      url: '/bucket/blob?X-Amz-Signature=s3cret',
      headers: { 'accept-encoding': 'identity', connection: 'keep-alive', host: storage },
    },
  ])
  t.match(await lineOf(landwaiter), { status: 200, outcome: 'success', bytes_out: 4, digest: DIGEST })
})

t.test('HEAD is asked as HEAD', async t => {
  const { landwaiter, asked } = await start(t, (_, res) => res.writeHead(200, { 'content-length': 9 }).end())
  const { status, headers } = await landwaiter.request(BLOB, { method: 'HEAD', headers: { authorization } })
  t.strictSame([status, headers['content-length']], [200, '9'])
  t.strictSame(
    asked.map(({ method }) => method),
    ['HEAD'],
  )
})

t.test('what the storage says of its own faults stays here', async t => {
  const cases: readonly (readonly [stored: number, status: number])[] = [
    [204, 502],
    [206, 502],
    [302, 502],
    [304, 502],
    [400, 502],
    [403, 502],
    [404, 502],
    [416, 502],
    [429, 503],
    [500, 503],
    [503, 503],
  ]
  let stored = 0
  const { landwaiter } = await start(t, (_, res) => {
    const headers = { location: 'http://127.0.0.1:1/s3cret', 'x-amz-request-id': 's3cret' }
    res.writeHead(stored, headers).end(stored === 204 || stored === 304 ? undefined : 's3cret')
  })
  for (const [given, status] of cases) {
    stored = given
    const answer = await landwaiter.request(BLOB, { headers: { authorization } })
    t.equal(answer.status, status, `${given} of the storage`)
    t.notMatch(answer.text + JSON.stringify(answer.headers), /s3cret|127\.0\.0\.1/)
    t.equal(answer.headers['retry-after'], status === 503 ? '5' : undefined)
  }
  t.notMatch(
    JSON.stringify(landwaiter.log, (_, value) => causes(value)),
    /s3cret/,
    'nor is a signature logged',
  )
})

t.test('a storage that is not there, or not allowed, is not asked', async t => {
  const cases: readonly (readonly [location: string, status: number])[] = [
    ['http://127.0.0.1:1/bucket', 503],
    ['http://127.0.0.1:2/bucket', 502],
    ['http://169.254.169.254/latest/meta-data/', 502],
    ['https://127.0.0.1/bucket', 502],
    ['file:///etc/passwd', 502],
  ]
  for (const [location, status] of cases) {
    const { landwaiter } = await start(t, (_, res) => void res.end(), location)
    t.equal((await landwaiter.request(BLOB, { headers: { authorization } })).status, status, location)
  }
})

t.test('only pulls of blobs are followed', async t => {
  const { landwaiter, storage, asked } = await start(t, (_, res) => void res.end())
  const { status, headers } = await landwaiter.request('/v2/a/manifests/x', { headers: { authorization } })
  t.strictSame([status, new URL(String(headers['location'])).host, asked], [307, storage, []])
})

t.test('a storage that breaks off cuts the client off', async t => {
  const { landwaiter } = await start(t, (_, res) => {
    res.writeHead(200, { 'content-length': 10 })
    res.write('12345', () => res.destroy())
  })
  const client = await connectRaw(t, landwaiter)
  client.socket.write(
    requestHead(`GET ${BLOB}`, `Host: ${landwaiter.host}`, `Authorization: ${authorization}`),
  )
  await client.closed
  t.match(client.received().toString(), /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n12345$/)
  t.match(await lineOf(landwaiter), { outcome: 'aborted', status: 200, bytes_out: 5 })
})

t.test('a client that leaves ends it for the storage', async t => {
  for (const when of ['before the head', 'in the body'] as const) {
    const gone = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const { landwaiter } = await start(t, (_, res) => {
      res.once('close', () => gone.resolve())
      if (when === 'in the body') res.writeHead(200, { 'content-length': 10 }).write('12345')
      begun.resolve()
    })
    const client = await connectRaw(t, landwaiter)
    client.socket.write(
      requestHead(`GET ${BLOB}`, `Host: ${landwaiter.host}`, `Authorization: ${authorization}`),
    )
    await begun.promise
    if (when === 'in the body')
      await waitFor('the body', () => client.received().toString().endsWith('12345'))
    client.socket.destroy()
    await gone.promise
    const status = when === 'in the body' ? 200 : 499
    t.match(await lineOf(landwaiter), { outcome: 'aborted', status }, when)
    t.strictSame(
      landwaiter.log.filter(({ level }) => level === 'error'),
      [],
      when,
    )
  }
})

t.test('a client that does not read stops the storage, then gets everything', async t => {
  const total = 64 * MIB
  let sent = 0
  const { landwaiter } = await start(t, async (_, res) => {
    res.writeHead(200, { 'content-length': total })
    for (; sent < total; sent += MIB) if (!res.write(Buffer.alloc(MIB))) await once(res, 'drain')
    res.end()
  })
  const { socket } = await connectRaw(t, landwaiter, { read: false })
  socket.write(requestHead(`GET ${BLOB}`, `Host: ${landwaiter.host}`, `Authorization: ${authorization}`))
  await waitFor('a start', () => sent > 0)
  let before = -1
  await waitFor('a standstill', () => {
    const isStill = sent === before
    before = sent
    return isStill
  })
  t.ok(sent < total / 2, `${sent} bytes are on the way`)
  let arrived = 0
  socket.on('data', (piece: Buffer) => {
    arrived += piece.length
  })
  await waitFor('the whole', () => arrived > total)
  t.match(await lineOf(landwaiter), { outcome: 'success', bytes_out: total })
})

/** Errors with their causes, as JSON has none of them. */
function causes(value: unknown): unknown {
  return value instanceof Error ? { message: value.message, cause: value.cause } : value
}
