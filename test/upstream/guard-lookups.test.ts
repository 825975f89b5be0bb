import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { UpstreamUnavailable } from '../../src/model/errors.ts'
import { type BufferedClient, createBufferedClient } from '../../src/upstream/buffered-client.ts'
import { createRegistryLookups } from '../../src/upstream/registry-lookups.ts'
import { createBufferedSender } from '../../src/upstream/send-buffered.ts'
import { listTaggedManifests } from '../../src/upstream/tagged-manifests.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'

type Handler = (req: IncomingMessage, res: ServerResponse) => void

const INDEX = 'application/vnd.oci.image.index.v1+json'
const digestFor = (n: number) => `sha256:${String(n).padStart(64, '0')}`
const never = new AbortController().signal

/** A stand-in for the registry and a client of it. */
async function setUp(
  t: Scope,
  handler: Handler,
): Promise<{ client: BufferedClient; port: number; seen: string[] }> {
  const seen: string[] = []
  const server = createServer((req, res) => {
    seen.push(`${req.method} ${req.url}`)
    handler(req, res)
  })
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = createBufferedClient({ kind: 'tcp', host: '127.0.0.1', port })
  t.teardown(() => client.close())
  return { client, port, seen }
}

const lookupsOf = (client: BufferedClient, authorization?: string) =>
  createRegistryLookups({ client, authorization: async () => authorization })

const manifestHead = (res: ServerResponse, digest: string, type = INDEX) =>
  res.writeHead(200, { 'docker-content-digest': digest, 'content-type': `${type}; charset=utf-8` })

t.test("the digest of a tag is the registry's, absent only when it says 404, and else an error", async t => {
  const answers: Record<string, (res: ServerResponse) => void> = {
    there: res => manifestHead(res, digestFor(1)).end(),
    gone: res => res.writeHead(404).end(),
    broken: res => res.writeHead(500).end(),
    bare: res => res.writeHead(200).end(),
    refused: res => res.writeHead(401).end(),
    cut: res => res.destroy(),
  }
  const { client, seen } = await setUp(t, (req, res) => answers[req.url?.split('/').at(-1) ?? '']?.(res))
  const { tagDigest } = lookupsOf(client)
  t.equal(await tagDigest('a/b', 'there'), digestFor(1))
  t.equal(await tagDigest('a/b', 'gone'), undefined)
  for (const tag of ['broken', 'bare', 'cut']) {
    await t.rejects(
      tagDigest('a', tag),
      { phase: 'headers', code: 'UPSTREAM_UNAVAILABLE', message: /registry/ },
      tag,
    )
  }
  await t.rejects(tagDigest('a', 'refused'), { phase: 'refused', message: /refuses the token/ })
  t.equal(seen[0], 'HEAD /v2/a/b/manifests/there')
  await client.close()
  const nowhere = createBufferedClient({ kind: 'unix', path: join(tempDir(t), 'none.sock') })
  t.teardown(() => nowhere.close())
  await t.rejects(lookupsOf(nowhere).tagDigest('a', 'b'), { phase: 'connect', message: /cannot be reached/ })
})

t.test('manifests and small blobs come whole, from the storage too, where no credentials go', async t => {
  const large = Buffer.alloc(4 * 1024 * 1024 + 1)
  const answers: Record<string, Handler> = {
    storage: (req, res) => res.end(`stored, ${req.headers.authorization ?? 'no token'}`),
    '1:': (_, res) => manifestHead(res, '1:').end('manifest'),
    '2:': (_, res) => manifestHead(res, '2:').end(large),
    '3:': (req, res) => res.end(`blob, ${req.headers.authorization}`),
    '4:': (_, res) => res.writeHead(307, { location: `http://127.0.0.1:${port}/storage` }).end(),
    '5:': (_, res) => res.writeHead(200).end(large),
    '6:': (_, res) => res.writeHead(307, { location: 'nowhere' }).end(),
    '7:': (_, res) => res.writeHead(404).end('{}'),
  }
  const { client, port } = await setUp(t, (req, res) => answers[req.url?.split('/').at(-1) ?? '']?.(req, res))
  const { manifest, configBlob } = lookupsOf(client, 'Bearer x')
  const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString()
  const stored = await manifest('a', '1:')
  t.equal(text(stored?.bytes), 'manifest')
  t.equal(stored?.mediaType, INDEX)
  await t.rejects(manifest('a', '2:'), UpstreamUnavailable, 'too large to be one')
  t.equal(await manifest('a', '7:'), undefined)
  t.equal(text(await configBlob('a', '3:')), 'blob, Bearer x')
  t.equal(text(await configBlob('a', '4:')), 'stored, no token')
  t.equal(await configBlob('a', '5:'), undefined, 'too large for a configuration')
  await t.rejects(configBlob('a', '6:'), UpstreamUnavailable)
  t.equal(await configBlob('a', '7:'), undefined)
})

t.test('every tag is listed with its digest, over all pages, and those that vanish are left out', async t => {
  const all = Array.from({ length: 25 }, (_, n) => `t${String(n).padStart(2, '0')}`)
  let atOnce = 0
  let most = 0
  const { client, seen } = await setUp(t, (req, res) => {
    const url = new URL(req.url ?? '', 'http://x')
    if (url.pathname.endsWith('/list')) {
      const from = all.indexOf(url.searchParams.get('last') ?? '') + 1
      const page = all.slice(from, from + 10)
      const next = `</v2/a/tags/list?last=${page.at(-1)}&n=10>; rel="next"`
      res.writeHead(200, from + 10 < all.length ? { link: next } : {})
      res.end(JSON.stringify({ name: 'a', tags: page }))
      return
    }
    atOnce += 1
    most = Math.max(most, atOnce)
    setImmediate(() => {
      atOnce -= 1
      const n = all.indexOf(url.pathname.split('/').at(-1) ?? '')
      if (n === 7) res.writeHead(404).end()
      else manifestHead(res, digestFor(n % 3)).end()
    })
  })
  const listing = await listTaggedManifests(client, { name: 'a', authorization: undefined, signal: never })
  t.equal(listing.outcome, 'listed')
  const tags = listing.outcome === 'listed' ? listing.tags : []
  t.strictSame(
    tags.map(({ tag }) => tag),
    all.filter((_, n) => n !== 7),
  )
  t.strictSame(tags[4], { tag: 't04', digest: digestFor(1), mediaType: INDEX })
  t.ok(most > 1 && most <= 8, `${most} at once`)
  t.equal(seen.filter(line => line.includes('/tags/list')).length, 3)
  const limited = { name: 'a', authorization: undefined, signal: never, maxTags: 24 }
  t.strictSame(await listTaggedManifests(client, limited), { outcome: 'too many', limit: 24 })
  t.equal((await listTaggedManifests(client, { ...limited, maxTags: 25 })).outcome, 'listed')
})

t.test(
  'a list that cannot be read, loops or stops midway is an error, and an unknown repository has no tags',
  async t => {
    const lists: Record<string, (res: ServerResponse) => void> = {
      html: res => res.end('<html>'),
      odd: res => res.end('{"tags":"v1"}'),
      evil: res => res.end('{"tags":["../x"]}'),
      failing: res => res.writeHead(500).end('{}'),
      loop: res =>
        res.writeHead(200, { link: '</v2/loop/tags/list?n=1000>; rel="next"' }).end('{"tags":["a"]}'),
      half: res =>
        res.writeHead(200, { link: '</v2/half/tags/list?last=a>; rel="next"' }).end('{"tags":["a"]}'),
      unknown: res => res.writeHead(404).end('{}'),
      empty: res => res.end('{"name":"empty","tags":null}'),
      bad: res => res.end('{"tags":["ok","broken"]}'),
    }
    const { client } = await setUp(t, (req, res) => {
      const [, , name = '', kind, tag] = (req.url ?? '').split('?', 1)[0]?.split('/') ?? []
      if (kind === 'tags' && name === 'half' && req.url?.includes('last')) res.destroy()
      else if (kind === 'tags') lists[name]?.(res)
      else if (tag === 'broken') res.writeHead(500).end()
      else manifestHead(res, digestFor(1)).end()
    })
    const list = (name: string, signal = never) =>
      listTaggedManifests(client, { name, authorization: undefined, signal })
    for (const name of ['html', 'odd', 'evil', 'failing', 'loop', 'half', 'bad']) {
      await t.rejects(list(name), { code: 'UPSTREAM_UNAVAILABLE', message: /registry/ }, name)
    }
    for (const name of ['unknown', 'empty'])
      t.strictSame(await list(name), { outcome: 'listed', tags: [] }, name)
    await t.rejects(list('empty', AbortSignal.abort()), { name: 'AbortError' })
  },
)

t.test('a sent manifest carries our headers alone, and its answer the public URL', async t => {
  const heads: IncomingMessage['headers'][] = []
  const bodies: string[] = []
  const { client, port } = await setUp(t, (req, res) => {
    heads.push(req.headers)
    let body = ''
    req.on('data', chunk => {
      body += chunk
    })
    req.on('end', () => {
      bodies.push(body)
      if (req.headers.authorization === 'Bearer wrong') res.writeHead(401).end()
      else if (req.method === 'DELETE') res.writeHead(202).end()
      else
        res
          .writeHead(201, { location: `http://${req.headers.host}/v2/a/manifests/x`, connection: 'close' })
          .end()
    })
  })
  const seconds: number[] = []
  const sender = (authorization: string | undefined, refusalIsOurs: boolean) =>
    createBufferedSender({
      client,
      address: { kind: 'tcp', host: '127.0.0.1', port },
      authorization: async () => authorization,
      refusalIsOurs,
      observe: code => seconds.push(code),
    })
  const exchange = (verb: 'write' | 'delete') =>
    ({
      req: {
        headers: {
          'content-type': INDEX,
          'content-length': '999',
          'transfer-encoding': 'chunked',
          authorization: 'Basic client',
          cookie: 'secret',
          expect: '100-continue',
          'user-agent': 'docker',
        },
      } as unknown as IncomingMessage,
      peer: {
        id: '01',
        startedMs: 0,
        method: 'PUT',
        path: '/v2/',
        host: 'registry.example:8443',
        clientIp: '192.0.2.1',
        peerIp: '192.0.2.1',
        scheme: 'https',
      },
      request: { kind: 'manifest', verb, name: 'a', reference: { kind: 'tag', tag: 'v1' } },
      identity: { subject: { name: 'me', via: 'static', labels: {} }, via: 'static' },
      access: [],
      isTokenExpired: false,
    }) as const
  const answer = await sender('Bearer ours', true)(exchange('write'), Buffer.from('body'))
  t.equal(answer.status, 201)
  t.strictSame(answer.headers['location'], 'https://registry.example:8443/v2/a/manifests/x')
  t.equal(answer.headers['connection'], undefined)
  t.match(heads[0], {
    host: 'registry.example:8443',
    authorization: 'Bearer ours',
    'content-length': '4',
    'content-type': INDEX,
    'x-forwarded-proto': 'https',
    'user-agent': 'docker',
  })
  for (const name of ['cookie', 'expect', 'transfer-encoding']) t.equal(heads[0]?.[name], undefined, name)
  t.strictSame(bodies, ['body'])
  t.equal((await sender(undefined, true)(exchange('delete'))).status, 202)
  t.equal(heads[1]?.authorization, undefined)
  await t.rejects(sender('Bearer wrong', true)(exchange('write'), Buffer.from('x')), {
    phase: 'refused',
    message: /refuses the token of landwaiter/,
  })
  t.equal((await sender('Bearer wrong', false)(exchange('write'), Buffer.from('x'))).status, 401)
  t.strictSame(seconds, [201, 202, 401, 401])
})
