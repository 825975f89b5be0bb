import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { UpstreamUnavailable } from '../../src/model/errors.ts'
import type { ContentAsk } from '../../src/model/signature.ts'
import type { UpstreamAddress } from '../../src/upstream/address.ts'
import { createSmallFetch, type SmallFetch } from '../../src/upstream/fetch-small.ts'
import { createListPages, type ListKind, nextLast } from '../../src/upstream/list-page.ts'
import { createRegistryContent } from '../../src/upstream/registry-content.ts'
import { freePort } from '../support/free-port.ts'
import { tempDir } from '../support/temp-dir.ts'

const D = `sha256:${'ab'.repeat(32)}`
const INDEX = 'application/vnd.oci.image.index.v1+json'
const CATALOG: ListKind = { kind: 'catalog' }

/** A server and a client of it, on a socket or on a port. */
async function serve(
  t: Test,
  listener: RequestListener,
  socket?: string,
): Promise<SmallFetch & { url: string }> {
  const server = createServer(listener)
  server.listen(socket === undefined ? { port: 0, host: '127.0.0.1' } : { path: socket })
  await once(server, 'listening')
  t.teardown(() => server.close())
  t.teardown(() => server.closeAllConnections())
  const { port } = socket === undefined ? (server.address() as AddressInfo) : { port: 0 }
  const address: UpstreamAddress =
    socket === undefined ? { kind: 'tcp', host: '127.0.0.1', port } : { kind: 'unix', path: socket }
  const client = createSmallFetch(address)
  t.teardown(() => client.close())
  return { ...client, url: `http://127.0.0.1:${port}` }
}

t.test('brings a whole answer over TCP and over a socket', async t => {
  const listener: RequestListener = (req, res) =>
    res.writeHead(404, { 'x-a': req.headers['x-b'] }).end(req.url)
  for (const socket of [undefined, join(tempDir(t), 's')]) {
    const { get } = await serve(t, listener, socket)
    const { status, headers, body } = await get('/v2/a?b=%20c', { headers: { 'x-b': 'yes' } })
    t.strictSame([status, headers['x-a'], body?.toString()], [404, 'yes', '/v2/a?b=%20c'])
  }
})

t.test('has no body larger than the bound, and can be used after that', async t => {
  const { get } = await serve(t, (req, res) => res.end('x'.repeat(Number(req.url?.slice(1)))))
  for (const [size, length] of [
    [10, 10],
    [11, undefined],
    [3_000_000, undefined],
    [10, 10],
  ] as const) {
    const { status, body } = await get(`/${size}`, { maxBytes: 10 })
    t.equal(status, 200)
    t.equal(body?.length, length)
  }
  t.equal((await get(`/${9 * 1024 * 1024}`)).body, undefined, '8 MiB unless told')
})

t.test('follows redirects to the storage, without the token', async t => {
  const storage = await serve(t, (req, res) => {
    const loops = req.url === '/loop'
    res.writeHead(loops ? 302 : 200, loops ? { location: `http://${req.headers.host}/loop` } : {})
    res.end(`stored ${req.headers.authorization ?? 'without a token'}`)
  })
  const { get } = await serve(t, (req, res) => {
    const location = req.url === '/relative' ? '/v2/' : `${storage.url}${req.url}`
    res.writeHead(307, { location }).end('moved')
  })
  const headers = { authorization: 'Bearer x' }
  t.equal((await get('/blob', { headers })).body?.toString(), 'stored without a token')
  t.equal((await get('/loop', { headers })).status, 302, 'not for ever')
  t.equal((await get('/relative', { headers })).status, 307, 'a relative one leads to the registry')
})

t.test('follows no redirect to a place that is not told', async t => {
  let asked = 0
  const storage = await serve(t, (_, res) => {
    asked += 1
    res.end('stored')
  })
  const registry = await serve(t, (_, res) => {
    res.writeHead(307, { location: `${storage.url}/blob` }).end('moved')
  })
  const address = { kind: 'tcp', host: '127.0.0.1', port: Number(new URL(registry.url).port) } as const
  for (const isTold of [false, true]) {
    const { get, close } = createSmallFetch(address, ({ port }) => isTold && storage.url.endsWith(port))
    t.equal((await get('/blob')).status, isTold ? 200 : 307)
    await close()
    t.equal(asked, isTold ? 1 : 0)
  }
})

t.test('tells a registry that is down from one that does not answer', async t => {
  const port = await freePort()
  const gone = createSmallFetch({ kind: 'tcp', host: '127.0.0.1', port })
  t.teardown(() => gone.close())
  await t.rejects(gone.get('/'), { code: 'UPSTREAM_UNAVAILABLE', phase: 'connect' })
  const noSocket = createSmallFetch({ kind: 'unix', path: join(tempDir(t), 'none') })
  t.teardown(() => noSocket.close())
  await t.rejects(noSocket.get('/'), { code: 'UPSTREAM_UNAVAILABLE', phase: 'connect' })

  const { get } = await serve(t, (req, res) => {
    if (req.url === '/silent') return
    res.writeHead(200, { 'content-length': 10 }).write('abc')
    if (req.url === '/cut') setImmediate(() => res.destroy())
  })
  for (const path of ['/silent', '/slow', '/cut']) {
    const error = await get(path, { timeoutMs: 200 }).catch((cause: unknown) => cause)
    t.ok(error instanceof UpstreamUnavailable, path)
    t.match(error, { phase: 'headers', message: 'the registry did not answer, try again shortly' }, path)
  }
})

t.test('reads content as the signature check asks for it', async t => {
  const answers: Readonly<Record<string, readonly [status: number, type: string]>> = {
    [`/v2/a/b/manifests/${D}`]: [200, 'x'],
    [`/v2/a/b/blobs/${D}`]: [200, 'x'],
    [`/v2/a/b/referrers/${D}`]: [200, `${INDEX}; charset=utf-8`],
    '/v2/page/referrers/x': [200, 'text/html'],
    '/v2/old/referrers/x': [405, 'x'],
    '/v2/down/manifests/x': [500, 'x'],
    '/v2/down/referrers/x': [502, 'x'],
    '/v2/shut/manifests/x': [401, 'x'],
    '/v2/shut/referrers/x': [403, 'x'],
    '/v2/odd/manifests/x': [400, 'x'],
  }
  const heads: unknown[] = []
  const { get } = await serve(t, (req, res) => {
    const [status, type] = answers[req.url ?? ''] ?? [404, 'x']
    heads.push([req.headers.authorization, req.headers.accept?.includes(INDEX) ?? false])
    res.writeHead(status, { 'content-type': type }).end('content')
  })
  const fetch = createRegistryContent({ get, authorization: async name => `Bearer ${name}` })
  const text = async (ask: ContentAsk) => {
    const bytes = await fetch(ask)
    return bytes && Buffer.from(bytes).toString()
  }
  const cases: readonly (readonly [
    name: string,
    kind: ContentAsk['kind'],
    reference: string,
    expected: unknown,
  ])[] = [
    ['a/b', 'manifest', D, 'content'],
    ['a/b', 'blob', D, 'content'],
    ['a/b', 'referrers', D, 'content'],
    ['page', 'referrers', 'x', undefined],
    ['old', 'referrers', 'x', undefined],
    ['none', 'referrers', 'x', undefined],
    ['none', 'manifest', 'x', undefined],
    ['none', 'blob', 'x', undefined],
  ]
  for (const [name, kind, reference, expected] of cases) {
    t.equal(await text({ name, kind, reference }), expected, `${name} ${kind}`)
  }
  t.strictSame(heads.slice(0, 2), [
    ['Bearer a/b', true],
    ['Bearer a/b', false],
  ])
  for (const [name, kind, phase] of [
    ['down', 'manifest', 'headers'],
    ['down', 'referrers', 'headers'],
    ['shut', 'manifest', 'refused'],
    ['shut', 'referrers', 'refused'],
    ['odd', 'manifest', 'headers'],
  ] as const) {
    await t.rejects(
      fetch({ name, kind, reference: 'x' }),
      { code: 'UPSTREAM_UNAVAILABLE', phase },
      name + kind,
    )
  }
  const open = createRegistryContent({ get, authorization: async () => undefined })
  await open({ name: 'a/b', kind: 'blob', reference: D })
  t.strictSame(heads.at(-1), [undefined, false])
})

t.test('finds where a link leads', t => {
  const cases: readonly (readonly [link: string | string[] | undefined, last: string | undefined])[] = [
    ['</v2/_catalog?last=a%2Fb&n=2>; rel="next"', 'a/b'],
    ['</v2/_catalog?n=2&last=a+b>;rel=next', 'a b'],
    ['<http://h:5/v2/a/tags/list?last=v1>; title="x"; rel="next"; x=y', 'v1'],
    ['</x?last=0>; rel="prev", </x?last=1>; rel="next"', '1'],
    [['</x?last=0>; rel="prev"', '</x?last=1>; rel="next"'], '1'],
    ['</x?last=0>; rel="prev"', undefined],
    ['</x>; rel="next"', undefined],
    ['nonsense', undefined],
    [undefined, undefined],
  ]
  for (const [link, last] of cases) t.equal(nextLast(link), last, String(link))
  t.end()
})

t.test('reads pages of lists and keeps refusals as they are', async t => {
  const asked: string[] = []
  const { get } = await serve(t, (req, res) => {
    asked.push(`${req.url} ${req.headers.authorization}`)
    const url = new URL(req.url ?? '', 'http://x')
    const json = (status: number, body: unknown, headers = {}) =>
      res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    if (url.pathname === '/v2/_catalog') {
      if (Number(url.searchParams.get('n')) > 100) return json(400, { errors: [] })
      return json(200, { repositories: ['a', 'b'] }, { link: '</v2/_catalog?last=b&n=2>; rel="next"' })
    }
    if (url.pathname === '/v2/none/tags/list') return json(404, { errors: [{ code: 'NAME_UNKNOWN' }] })
    if (url.pathname === '/v2/null/tags/list') return json(200, { name: 'null', tags: null })
    if (url.pathname === '/v2/shut/tags/list') return json(401, {})
    if (url.pathname === '/v2/odd/tags/list') return json(200, { tags: [1] })
    return json(200, { name: 'x', tags: ['v1'] })
  })
  const page = createListPages({ get, authorization: async list => `Bearer ${list.kind}` })
  const tags = (name: string): ListKind => ({ kind: 'tags', name })
  const first = { outcome: 'page', names: ['a', 'b'], next: 'b' }
  t.strictSame(await page(CATALOG, {}), first)
  t.strictSame(await page(CATALOG, { n: 50, last: 'x/y z' }), first)
  t.strictSame(
    await page(CATALOG, { n: 1_000, last: 'q' }),
    first,
    'a page that is too large is asked for smaller',
  )
  t.strictSame(await page(tags('a/b'), { n: 5 }), { outcome: 'page', names: ['v1'] })
  t.strictSame(await page(tags('null'), {}), { outcome: 'page', names: null })
  t.strictSame(await page(tags('none'), {}), {
    outcome: 'failed',
    status: 404,
    body: '{"errors":[{"code":"NAME_UNKNOWN"}]}',
    type: 'application/json',
  })
  await t.rejects(page(tags('shut'), {}), { code: 'UPSTREAM_UNAVAILABLE', phase: 'refused' })
  await t.rejects(page(tags('odd'), {}), { code: 'UPSTREAM_UNAVAILABLE', phase: 'refused' })
  t.strictSame(asked.slice(0, 5), [
    '/v2/_catalog Bearer catalog',
    '/v2/_catalog?n=50&last=x%2Fy+z Bearer catalog',
    '/v2/_catalog?n=1000&last=q Bearer catalog',
    '/v2/_catalog?n=100&last=q Bearer catalog',
    '/v2/a/b/tags/list?n=5 Bearer tags',
  ])
})
