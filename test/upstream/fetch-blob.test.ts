import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { createBlobFetch, type StreamedBlob } from '../../src/upstream/fetch-blob.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const ASK = { name: 'team/app', digest: DIGEST, from: 0 }

async function listen(t: Test, serve: RequestListener) {
  const requests: IncomingMessage[] = []
  const server = createServer((req, res) => {
    requests.push(req)
    serve(req, res)
  })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, requests }
}

function fetcher(t: Test, port: number, isStorage: (url: URL) => boolean = () => false) {
  const fetch = createBlobFetch(
    { kind: 'tcp', host: '127.0.0.1', port },
    { authorization: async name => `Bearer for ${name}`, isStorage },
  )
  t.teardown(() => fetch.close())
  return fetch
}

async function textOf({ body }: StreamedBlob): Promise<string> {
  return (await buffer(Readable.from(body))).toString()
}

t.test('asks the registry in our name, for the rest where that is wanted', async t => {
  const registry = await listen(t, (_, res) => res.writeHead(200, { 'content-length': 4 }).end('blob'))
  const blobs = fetcher(t, registry.port)
  const whole = await blobs.fetch(ASK, AbortSignal.timeout(10_000))
  t.match({ ...whole, text: await textOf(whole) }, { status: 200, length: 4, text: 'blob' })
  await textOf(await blobs.fetch({ ...ASK, from: 3 }, AbortSignal.timeout(10_000)))
  t.strictSame(
    registry.requests.map(({ url, headers }) => [url, headers.authorization, headers.range]),
    [
      [`/v2/team/app/blobs/${DIGEST}`, 'Bearer for team/app', undefined],
      [`/v2/team/app/blobs/${DIGEST}`, 'Bearer for team/app', 'bytes=3-'],
    ],
  )
})

t.test('goes on to a storage that may be read, without our token', async t => {
  const storage = await listen(t, (_, res) => res.writeHead(206, { 'content-length': 1 }).end('b'))
  const location = `http://127.0.0.1:${storage.port}/bucket?signature=s`
  const registry = await listen(t, (_, res) => res.writeHead(307, { location }).end('elsewhere'))
  const seen: string[] = []
  const blobs = fetcher(t, registry.port, url => {
    seen.push(url.href)
    return true
  })
  const rest = await blobs.fetch({ ...ASK, from: 3 }, AbortSignal.timeout(10_000))
  t.match({ ...rest, text: await textOf(rest) }, { status: 206, length: 1, text: 'b' })
  t.strictSame(seen, [location])
  t.strictSame(
    storage.requests.map(({ url, headers }) => [url, headers.authorization, headers.range]),
    [['/bucket?signature=s', undefined, 'bytes=3-']],
  )
})

t.test('goes nowhere else', async t => {
  for (const location of ['http://127.0.0.1:1/bucket', '/v2/other', 'http://[', undefined]) {
    const registry = await listen(t, (_, res) =>
      res.writeHead(307, location === undefined ? {} : { location }).end(),
    )
    const { status, discard } = await fetcher(t, registry.port).fetch(ASK, AbortSignal.timeout(10_000))
    discard()
    t.equal(status, 307, String(location))
  }
})

t.test('survives a body that nobody reads', async t => {
  const registry = await listen(t, (_, res) => {
    res.writeHead(200, { 'content-length': 1_000_000 })
    res.write('begun')
  })
  const blobs = fetcher(t, registry.port)
  const left = new AbortController()
  await blobs.fetch(ASK, left.signal)
  const { body } = await blobs.fetch(ASK, AbortSignal.timeout(10_000))
  left.abort()
  const read = textOf({ status: 200, length: 1, body, discard: () => undefined })
  registry.requests[1]?.socket.destroy()
  await t.rejects(read)
})
