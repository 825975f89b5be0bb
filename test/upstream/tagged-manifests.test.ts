import { join } from 'node:path'
import t from 'tap'
import { UpstreamUnavailable } from '../../src/model/errors.ts'
import type { ListAsk, ListPage } from '../../src/model/list-page.ts'
import { createUpstreamClient } from '../../src/upstream/client.ts'
import { createFindTag, type FindTag } from '../../src/upstream/tag-target.ts'
import { listTaggedManifests } from '../../src/upstream/tagged-manifests.ts'
import { startHttp } from '../support/plain-http.ts'
import { tempDir } from '../support/temp-dir.ts'

const INDEX = 'application/vnd.oci.image.index.v1+json'
const digestFor = (n: number) => `sha256:${String(n).padStart(64, '0')}`
const never = new AbortController().signal

t.test('a tag is absent only when the registry says 404; whatever else is no digest is an error', async t => {
  const answers: Record<string, (res: import('node:http').ServerResponse) => void> = {
    there: res =>
      res
        .writeHead(200, { 'docker-content-digest': digestFor(1), 'content-type': `${INDEX}; charset=utf-8` })
        .end(),
    gone: res => res.writeHead(404).end(),
    broken: res => res.writeHead(500).end(),
    bare: res => res.writeHead(200).end(),
    refused: res => res.writeHead(401).end(),
    cut: res => res.destroy(),
  }
  const asked: string[] = []
  const address = await startHttp(t, (req, res) => {
    asked.push(`${req.method} ${req.url} ${req.headers.authorization} ${req.headers.accept?.includes(INDEX)}`)
    answers[req.url?.split('/').at(-1) ?? '']?.(res)
  })
  const client = createUpstreamClient(address)
  t.teardown(() => client.close())
  const findTag = createFindTag({ client, address, authorization: async name => `Bearer ${name}` })
  t.strictSame(await findTag('a/b', 'there'), { digest: digestFor(1), mediaType: INDEX })
  t.equal(asked[0], 'HEAD /v2/a/b/manifests/there Bearer a/b true')
  t.equal(await findTag('a', 'gone'), undefined)
  for (const tag of ['broken', 'bare', 'cut']) {
    await t.rejects(findTag('a', tag), { phase: 'headers', message: /^the registry did not/ }, tag)
  }
  await t.rejects(findTag('a', 'refused'), { phase: 'refused', message: /refuses the token/ })
  const nowhere = { kind: 'unix', path: join(tempDir(t), 'none.sock') } as const
  const lost = createUpstreamClient(nowhere)
  t.teardown(() => lost.close())
  const lostTag = createFindTag({ client: lost, address: nowhere, authorization: async () => undefined })
  await t.rejects(lostTag('a', 'b'), { phase: 'connect', message: /cannot be reached/ })
})

const page = (names: readonly string[] | null, next?: string): ListPage => ({
  outcome: 'page',
  names,
  ...(next === undefined ? {} : { next }),
})

/** Pages of `size` tags of `all`. */
const paged =
  (all: readonly string[], size: number, asks: ListAsk[] = []) =>
  async (_: unknown, ask: ListAsk): Promise<ListPage> => {
    asks.push(ask)
    const from = ask.last === undefined ? 0 : all.indexOf(ask.last) + 1
    const names = all.slice(from, from + size)
    return page(names, from + size < all.length ? names.at(-1) : undefined)
  }

t.test('every tag is listed with what it points to, over all pages, without those that vanish', async t => {
  const all = Array.from({ length: 25 }, (_, n) => `t${String(n).padStart(2, '0')}`).toReversed()
  let atOnce = 0
  let most = 0
  const findTag: FindTag = async (name, tag) => {
    t.equal(name, 'a/b')
    atOnce += 1
    most = Math.max(most, atOnce)
    await new Promise(resolve => setImmediate(resolve))
    atOnce -= 1
    return tag === 't07' ? undefined : { digest: digestFor(Number(tag.slice(1))), mediaType: INDEX }
  }
  const asks: ListAsk[] = []
  const listPage = paged(all, 10, asks)
  const listing = await listTaggedManifests({ listPage, findTag }, { name: 'a/b', signal: never })
  t.strictSame(listing, {
    outcome: 'listed',
    tags: all
      .toReversed()
      .filter(tag => tag !== 't07')
      .map(tag => ({ tag, digest: digestFor(Number(tag.slice(1))), mediaType: INDEX })),
  })
  t.equal(most, 8, 'eight at once')
  t.strictSame(
    asks.map(({ last }) => last),
    [undefined, 't15', 't05'],
  )
  const limited = { name: 'a/b', signal: never, maxTags: 24 }
  t.strictSame(await listTaggedManifests({ listPage, findTag }, limited), { outcome: 'too many', limit: 24 })
  const enough = await listTaggedManifests({ listPage, findTag }, { ...limited, maxTags: 25 })
  t.equal(enough.outcome, 'listed')
})

t.test(
  'a list that fails, loops or holds no tags is an error, and an unknown repository has no tags',
  async t => {
    const findTag: FindTag = async () => undefined
    const list = (listPage: (list: unknown, ask: ListAsk) => Promise<ListPage>, signal = never) =>
      listTaggedManifests({ listPage, findTag }, { name: 'a', signal })
    const failed = (status: number): ListPage => ({ outcome: 'failed', status, body: '', type: 'text/plain' })
    const empty = { outcome: 'listed', tags: [] }
    t.strictSame(await list(async () => failed(404)), empty)
    t.strictSame(await list(async () => page(null)), empty)
    t.strictSame(await list(async () => page([])), empty)
    await t.rejects(
      list(async () => failed(500)),
      UpstreamUnavailable,
    )
    await t.rejects(
      list(async () => page(['../x'])),
      UpstreamUnavailable,
    )
    await t.rejects(
      list(async () => page(['same'], 'same')),
      UpstreamUnavailable,
    )
    await t.rejects(
      list(() => Promise.reject(new UpstreamUnavailable('connect', 'x'))),
      UpstreamUnavailable,
    )
    await t.rejects(
      list(async () => page([]), AbortSignal.abort()),
      { name: 'AbortError' },
    )
  },
)

t.test('one tag that cannot be asked about ends the listing, and no more are asked', async t => {
  let asked = 0
  const findTag: FindTag = async (_, tag) => {
    asked += 1
    await new Promise(resolve => setImmediate(resolve))
    if (tag === 't1') throw new UpstreamUnavailable('headers', 'broken')
    return { digest: digestFor(1), mediaType: INDEX }
  }
  const all = Array.from({ length: 500 }, (_, n) => `t${n}`)
  const ports = { listPage: paged(all, 1_000), findTag }
  await t.rejects(listTaggedManifests(ports, { name: 'a', signal: never }), { message: 'broken' })
  await new Promise(resolve => setImmediate(resolve))
  const soFar = asked
  await new Promise(resolve => setImmediate(resolve))
  t.equal(asked, soFar)
  t.ok(asked < 50, `${asked}`)
  const leaving = new AbortController()
  const left = listTaggedManifests(
    {
      ...ports,
      findTag: async () => {
        leaving.abort()
        return undefined
      },
    },
    { name: 'a', signal: leaving.signal },
  )
  await t.rejects(left, { name: 'AbortError' })
})
