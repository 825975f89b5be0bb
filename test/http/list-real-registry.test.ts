import { createHash, randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { Pool } from 'undici'
import { listCatalog } from '../../src/http/list-catalog.ts'
import { createListCursor } from '../../src/http/list-cursor.ts'
import { listTags } from '../../src/http/list-tags.ts'
import type { Reply } from '../../src/http/reply.ts'
import { parseRegistryRequest } from '../../src/oci/route.ts'
import { createSmallFetch } from '../../src/upstream/fetch-small.ts'
import { createListPages } from '../../src/upstream/list-page.ts'
import { startRealRegistry } from '../support/real-registry.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const CONFIG = '{}'
const REPOSITORIES = 420
const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b))
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

/** Pushes the least that makes a repository: one manifest, under these tags. */
async function push(pool: Pool, name: string, tags: readonly string[]): Promise<void> {
  const send = async (method: 'POST' | 'PUT', path: string, body = '', type = 'application/octet-stream') => {
    const answer = await pool.request({ method, path, body, headers: { 'content-type': type } })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`)
    return answer.headers
  }
  const { location } = await send('POST', `/v2/${name}/blobs/uploads/`)
  const upload = new URL(String(location), 'http://x')
  await send('PUT', `${upload.pathname}${upload.search}&digest=${digestOf(CONFIG)}`, CONFIG)
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(CONFIG), size: 2 }
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [] })
  for (const tag of tags) await send('PUT', `/v2/${name}/manifests/${tag}`, manifest, MANIFEST)
}

/** A registry with many repositories and our lists over it. */
async function setStage(t: Test) {
  const registry = await startRealRegistry(t)
  const pool = new Pool(registry.upstream, { connections: 8 })
  t.teardown(() => pool.destroy())
  const names = Array.from({ length: REPOSITORIES }, (_, i) => {
    const number = String(i).padStart(4, '0')
    return i % 60 === 0 ? `team/a-${number}` : `${['hidden', 'hidden-a', 'hidden/a'][i % 3]}/r${number}`
  })
  await Promise.all(names.map(name => push(pool, name, ['v1'])))
  const address = new URL(registry.upstream)
  const small = createSmallFetch({ kind: 'tcp', host: address.hostname, port: Number(address.port) })
  t.teardown(() => small.close())
  const page = createListPages({ get: small.get, authorization: async () => undefined })
  const cursor = createListCursor(randomBytes(32))
  const now = () => performance.now()
  const pageOf = (query: string) => {
    const request = parseRegistryRequest('GET', `/v2/_catalog${query}`)
    return request.kind === 'catalog' ? request.page : {}
  }
  return {
    pool,
    names,
    registryLinks: async (query: string) => {
      const { headers } = await pool.request({ method: 'GET', path: `/v2/_catalog${query}` })
      return headers['link']
    },
    catalog: (query: string, mayPull: (name: string) => boolean) =>
      listCatalog(
        {
          catalogPage: ask => page({ kind: 'catalog' }, ask),
          mayPull: async name => mayPull(name),
          cursor,
          now,
        },
        pageOf(query),
      ),
    tags: (name: string, query: string, mayPull: (tag: string) => boolean = () => true) =>
      listTags(
        {
          tagsPage: (repository, ask) => page({ kind: 'tags', name: repository }, ask),
          mayPullTag: async (_, tag) => mayPull(tag),
          cursor,
          now,
        },
        { name, page: pageOf(query) },
      ),
  }
}

const isTeam = (name: string) => name.startsWith('team/')

async function follow(ask: (query: string) => Promise<Reply>, first: string, member: string) {
  const found: string[][] = []
  for (let query: string | undefined = first; query !== undefined; ) {
    const { body, headers = {} }: Reply = await ask(query)
    found.push(JSON.parse(body)[member])
    query = /(\?[^>]*)>/.exec(headers['link'] ?? '')?.[1]
  }
  return found
}

t.test('lists of a real registry', async t => {
  const { pool, names, catalog, tags, registryLinks } = await setStage(t)
  const team = names.filter(isTeam).sort(compare)

  await t.test('the catalog of whoever sees all is that of the registry', async t => {
    const found = await follow(query => catalog(query, () => true), '?n=100', 'repositories')
    t.strictSame(
      found.map(page => page.length),
      [100, 100, 100, 100, 20],
    )
    t.strictSame(found.flat().sort(compare), names.toSorted(compare))
    const reply = await catalog('?n=2', () => true)
    t.equal(reply.headers?.['link'], await registryLinks('?n=2'), 'with the same link')
  })

  await t.test('the catalog has two names a page when most are filtered away', async t => {
    const found = await follow(query => catalog(query, isTeam), '?n=2', 'repositories')
    t.strictSame(
      found.map(page => page.length),
      [2, 2, 2, 1],
    )
    t.strictSame(found.flat(), team)
  })

  await t.test('the catalog goes on after names that are hidden or gone', async t => {
    const after = async (last: string) =>
      JSON.parse((await catalog(`?n=3&last=${last}`, isTeam)).body).repositories
    t.strictSame(await after('hidden%2Fr0001'), team.slice(0, 3))
    t.strictSame(await after('team%2Fa-0001'), team.slice(1, 4))
    t.strictSame(await after('zzz'), [])
  })

  await t.test('tags are sorted, filtered and paged, which the registry does not do', async t => {
    const all = ['v2', 'v10', 'Rc', 'latest', 'secret-1', 'secret-2', '1.0']
    await push(pool, 'team/tags', all)
    const isVisible = (tag: string) => !tag.startsWith('secret')
    const sorted = ['1.0', 'Rc', 'latest', 'v10', 'v2']
    t.strictSame(await follow(query => tags('team/tags', query, isVisible), '?n=2', 'tags'), [
      ['1.0', 'Rc'],
      ['latest', 'v10'],
      ['v2'],
    ])
    t.strictSame(JSON.parse((await tags('team/tags', '', isVisible)).body), {
      name: 'team/tags',
      tags: sorted,
    })
  })

  await t.test('a repository that is not there, or without tags, is as the registry says', async t => {
    for (const query of ['', '?n=0', '?n=2']) {
      const { status, body } = await tags('none/here', query)
      t.equal(status, 404)
      t.match(JSON.parse(body), { errors: [{ code: 'NAME_UNKNOWN', detail: { name: 'none/here' } }] })
    }
    await push(pool, 'team/empty', ['v1'])
    const headers = { accept: MANIFEST }
    const head = await pool.request({ method: 'HEAD', path: '/v2/team/empty/manifests/v1', headers })
    const digest = head.headers['docker-content-digest']
    await pool.request({ method: 'DELETE', path: `/v2/team/empty/manifests/${digest}` })
    const bare = await pool.request({ method: 'GET', path: '/v2/team/empty/tags/list' })
    t.equal((await tags('team/empty', '')).body, await bare.body.text())
  })
})
