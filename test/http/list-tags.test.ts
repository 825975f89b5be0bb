import t from 'tap'
import { listCatalog } from '../../src/http/list-catalog.ts'
import { listTags } from '../../src/http/list-tags.ts'
import type { ListAsk, ListPage } from '../../src/model/list-page.ts'
import { cursor, pageOf, pager, pages, read } from './list-reading.ts'

/** Lists the tags of `prod/api`. */
function tagList(
  page: (ask: ListAsk) => Promise<ListPage>,
  isVisible: (tag: string) => boolean = () => true,
) {
  return (query: string) =>
    listTags(
      { tagsPage: (_, ask) => page(ask), mayPullTag: async (_, tag) => isVisible(tag), cursor, now: () => 0 },
      { name: 'prod/api', page: pageOf(query) },
    )
}

t.test('tags come sorted and in pages, from registries with and without pages of their own', async t => {
  const all = ['v10', 'Latest', 'latest', 'v2', '_x', 'v1', 'hidden-1', 'hidden-2', '0']
  const isVisible = (tag: string) => !tag.startsWith('hidden')
  const sorted = ['0', 'Latest', '_x', 'latest', 'v1', 'v10', 'v2']
  const registries = {
    'all at once, in any order': async (): Promise<ListPage> => ({ outcome: 'page', names: all }),
    'in pages': pager(all).page,
    'in pages of two': pager(all, 2).page,
  }
  for (const [why, page] of Object.entries(registries)) {
    const ask = tagList(page, isVisible)
    t.strictSame(read(await ask('')), { names: sorted }, why)
    for (const n of [1, 2, 3, 7, 8, 20_000]) {
      const found = await pages(ask, `?n=${n}`)
      t.strictSame(found.flat(), sorted, `${why}, n=${n}`)
      t.equal(found.length, Math.ceil(sorted.length / n), `${why}, n=${n}: pages`)
    }
    t.strictSame(read(await ask('?n=2&last=latest')), { names: ['v1', 'v10'], next: '?last=v10&n=2' }, why)
    t.strictSame(
      read(await ask('?n=2&last=m')),
      { names: ['v1', 'v10'], next: '?last=v10&n=2' },
      `${why}, gone`,
    )
    t.strictSame(read(await ask('?n=0')), { names: [] }, why)
    t.strictSame(read(await ask('?n=-5&last=v1')), { names: ['v10', 'v2'] }, why)
    t.strictSame(read(await ask('?last=zz')), { names: [] }, why)
  }
})

t.test('tags have the shape of distribution', async t => {
  const ask = tagList(async () => ({ outcome: 'page', names: ['b', 'a'] }))
  t.strictSame(await ask('?n=1'), {
    status: 200,
    type: 'application/json; charset=utf-8',
    body: '{"name":"prod/api","tags":["a"]}\n',
    headers: { link: '</v2/prod/api/tags/list?last=a&n=1>; rel="next"' },
  })
  const none = tagList(async () => ({ outcome: 'page', names: null }))
  t.equal((await none('')).body, '{"name":"prod/api","tags":null}\n', 'no tags at all')
  t.equal(
    (await tagList(pager(['a']).page, () => false)('')).body,
    '{"name":"prod/api","tags":[]}\n',
    'all hidden',
  )
})

t.test('what the registry refuses comes through as it is', async t => {
  const failed: ListPage = { outcome: 'failed', status: 404, body: '{"errors":[]}', type: 'application/json' }
  const expected = { status: 404, body: '{"errors":[]}', type: 'application/json' }
  for (const query of ['', '?n=0', '?n=5'])
    t.strictSame(await tagList(async () => failed)(query), expected, query)
  const ports = { catalogPage: async () => failed, mayPull: async () => true, cursor, now: () => 0 }
  t.strictSame(await listCatalog(ports, {}), expected)
})
