import t, { type Test } from 'tap'
import { request } from 'undici'
import { createCachedForward } from '../../src/content/cached-forward.ts'
import type { ContentExchange, Forward } from '../../src/content/content-exchange.ts'
import { createFreshness } from '../../src/content/freshness.ts'
import { createMemoryCache } from '../../src/content/memory-cache.ts'
import { digestOf, MANIFEST_TYPE, manifest, otherManifest } from '../e2e/parity-content.ts'
import { startBlobServer } from '../support/blob-server.ts'

type Headers = Readonly<Record<string, string>>

/** What an upstream says and does. */
interface Upstream {
  readonly status?: number
  readonly headers?: Headers
  readonly body?: Buffer
  readonly complete?: boolean
}

const SETTINGS = { manifests: 4e6, blobs: 1e6, existence_ttl_ms: 60_000, tag_ttl_ms: 60_000 }
const DIGEST = digestOf(manifest)
const GOOD: Headers = {
  'content-type': MANIFEST_TYPE,
  'content-length': String(manifest.length),
  'docker-content-digest': DIGEST,
  etag: `"${DIGEST}"`,
}

function upstreamOf({ status = 200, headers = {}, body = manifest, complete = true }: Upstream) {
  const state = { asked: 0 }
  const forward: Forward<ContentExchange> = async ({ req, res, beforeAnswer, tap }) => {
    state.asked += 1
    const sent = { ...GOOD, ...headers }
    const head = { status, headers: sent, bytesIn: 0 }
    await beforeAnswer(head)
    const show = tap?.(head)
    // The client is given a fault of its own: only what the caches learn matters here.
    res.writeHead(204).end()
    if (req.method === 'GET') for (const byte of [body.subarray(0, 7), body.subarray(7)]) show?.(byte)
    return { status, complete, bytesIn: 0, bytesOut: body.length }
  }
  return { forward, state }
}

/** How often the registry was asked for two equal requests. */
async function askedTwice(
  t: Test,
  upstream: Upstream,
  { path = `/v2/a/b/manifests/${DIGEST}`, method = 'GET' as 'GET' | 'HEAD' } = {},
): Promise<number> {
  const { forward, state } = upstreamOf(upstream)
  const cache = createMemoryCache(SETTINGS, createFreshness())
  const front = (next: Forward<ContentExchange>) =>
    createCachedForward(next, { cache, count: () => undefined })
  const { url } = await startBlobServer(t, { front, forward })
  for (let i = 0; i < 2; i++) {
    const { body } = await request(url + path, { method, headers: { accept: MANIFEST_TYPE } })
    await body.dump()
  }
  return state.asked
}

t.test('an honest answer is kept', async t => {
  t.equal(await askedTwice(t, {}), 1)
  t.equal(await askedTwice(t, {}, { path: '/v2/a/b/manifests/v1' }), 1)
  t.equal(await askedTwice(t, {}, { path: '/v2/a/b/manifests/v1', method: 'HEAD' }), 1)
  t.equal(await askedTwice(t, {}, { path: `/v2/a/b/blobs/${DIGEST}` }), 1)
  t.equal(await askedTwice(t, {}, { path: `/v2/a/b/blobs/${DIGEST}`, method: 'HEAD' }), 1)
  t.equal(await askedTwice(t, { headers: { vary: 'Accept', 'cache-control': 'max-age=1' } }), 1)
})

const otherDigest = digestOf(otherManifest)
const huge = Buffer.alloc(1024 * 1024 + 1, ' ')

const BAD: readonly (readonly [why: string, upstream: Upstream])[] = [
  ['another status', { status: 203 }],
  ['a part', { status: 206 }],
  ['a redirect', { status: 307, headers: { location: 'http://storage.test/' } }],
  ['a 404', { status: 404 }],
  ['an answer that the client did not get whole', { complete: false }],
  ['bytes with another digest', { body: Buffer.from(manifest.toString().replace('2', '3')) }],
  ['fewer bytes than announced', { body: manifest.subarray(1) }],
  ['more bytes than announced', { body: Buffer.concat([manifest, Buffer.from('\n')]) }],
  ['no length', { headers: { 'content-length': '' } }],
  ['a length that is none', { headers: { 'content-length': '1e3' } }],
  ['a digest of another algorithm', { headers: { 'docker-content-digest': `sha512:${'0'.repeat(128)}` } }],
  ['a digest of nothing', { headers: { 'docker-content-digest': '' } }],
  ['encoded bytes', { headers: { 'content-encoding': 'gzip' } }],
  ['a cookie', { headers: { 'set-cookie': 'a=b' } }],
  ['what depends on who asks', { headers: { vary: 'Authorization' } }],
  ['what depends on everything', { headers: { vary: '*' } }],
  ['what must not be stored', { headers: { 'cache-control': 'private, no-store' } }],
  ['what must be asked for', { headers: { 'cache-control': 'No-Cache' } }],
  [
    'more than 1 MiB',
    {
      body: huge,
      headers: { 'content-length': String(huge.length), 'docker-content-digest': digestOf(huge) },
    },
  ],
]

t.test('an answer that cannot be vouched for is not kept', async t => {
  for (const [why, upstream] of BAD) {
    for (const path of ['manifests/v1', `manifests/${DIGEST}`, `blobs/${DIGEST}`])
      t.equal(await askedTwice(t, upstream, { path: `/v2/a/b/${path}` }), 2, `${path}: ${why}`)
  }
})

t.test('other content than what was asked for by digest is not kept', async t => {
  const body = otherManifest
  const headers = { 'docker-content-digest': otherDigest, 'content-length': String(body.length) }
  for (const kind of ['manifests', 'blobs']) {
    for (const method of ['GET', 'HEAD'] as const)
      t.equal(await askedTwice(t, { headers, body }, { path: `/v2/a/b/${kind}/${DIGEST}`, method }), 2)
  }
})
