import { randomBytes } from 'node:crypto'
import t from 'tap'
import { listCatalog } from '../../src/http/list-catalog.ts'
import { createListCursor } from '../../src/http/list-cursor.ts'
import { OciError } from '../../src/model/errors.ts'
import type { ListAsk, ListPage } from '../../src/model/list-page.ts'
import { cursor, pageOf, pager, pages, read } from './list-reading.ts'

/** A catalog over `all`, of which `isVisible` is shown. */
function catalog(all: readonly string[], isVisible: (name: string) => boolean, now = () => 0) {
  const { page, asks } = pager(all)
  const seen: string[] = []
  const ask = (query: string) =>
    listCatalog(
      {
        catalogPage: page,
        mayPull: async name => {
          seen.push(name)
          return isVisible(name)
        },
        cursor,
        now,
      },
      pageOf(query),
    )
  return { ask, asks, seen }
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `r/${String(i).padStart(5, '0')}`)

t.test('the catalog has exactly n names on every page but the last, whatever is filtered away', async t => {
  const all = numbered(2_500)
  const filters: readonly (readonly [why: string, isVisible: (name: string) => boolean])[] = [
    ['all', () => true],
    ['none', () => false],
    ['every second', name => Number(name.slice(2)) % 2 === 0],
    ['one in 700', name => Number(name.slice(2)) % 700 === 699],
    ['the last', name => name === 'r/02499'],
    ['the first', name => name === 'r/00000'],
  ]
  for (const [why, isVisible] of filters) {
    const expected = all.filter(isVisible)
    for (const n of [1, 2, 3, 7, 100, 999, 1_000]) {
      if (expected.length / n > 500) continue
      const found = await pages(catalog(all, isVisible).ask, `?n=${n}`)
      t.strictSame(found.flat(), expected, `${why}, n=${n}`)
      const full = found.slice(0, -1).every(names => names.length === n)
      t.ok(full && (found.length === 1 || found.at(-1)?.length !== 0), `${why}, n=${n}: no page is short`)
    }
  }
})

t.test('the catalog links on only when there is more to see', async t => {
  const all = ['a', 'b', 'c', 'd', 'x/1', 'x/2', 'x/3']
  const { ask } = catalog(all, name => !name.startsWith('x/'))
  const cases: readonly (readonly [query: string, names: readonly string[], next: string | undefined])[] = [
    ['', ['a', 'b', 'c', 'd'], undefined],
    ['?n=2', ['a', 'b'], '?last=b&n=2'],
    ['?last=b&n=2', ['c', 'd'], undefined],
    ['?n=3&last=a', ['b', 'c', 'd'], undefined],
    ['?n=2&last=bb', ['c', 'd'], undefined],
    ['?n=2&last=zzz', [], undefined],
    ['?n=1&last=c', ['d'], undefined],
    ['?n=4', ['a', 'b', 'c', 'd'], undefined],
    ['?n=0', [], undefined],
    ['?n=-1', ['a', 'b', 'c', 'd'], undefined],
    ['?n=', ['a', 'b', 'c', 'd'], undefined],
    ['?last=c', ['d'], undefined],
  ]
  for (const [query, names, next] of cases) {
    t.strictSame(read(await ask(query)), { names, ...(next === undefined ? {} : { next }) }, query)
  }
  const many = read(await catalog(numbered(101), () => true).ask(''))
  t.equal(many.names?.length, 100, 'a hundred without n')
  t.equal(many.next, '?last=r%2F00099&n=100')
})

t.test('the catalog keeps the order of the registry, which need not be that of the bytes', async t => {
  const order = ['a/z', 'a-b/c', 'Upper/x', 'a.b']
  const page = async ({ last }: ListAsk): Promise<ListPage> => {
    const at = last === undefined ? 0 : order.indexOf(last) + 1
    const next = order[at]
    return { outcome: 'page', names: order.slice(at, at + 1), ...(next && at < 3 ? { next } : {}) }
  }
  const ask = (query: string) =>
    listCatalog({ catalogPage: page, mayPull: async () => true, cursor, now: () => 0 }, pageOf(query))
  t.strictSame((await pages(ask, '?n=3')).flat(), order)
})

t.test('the catalog refuses more than a thousand as distribution does', async t => {
  const { ask, asks } = catalog([], () => true)
  for (const n of ['1001', '5000', '999999999999999999']) {
    const error = await ask(`?n=${n}`).catch((cause: unknown) => cause)
    t.ok(error instanceof OciError)
    t.match(error, { oci: 'PAGINATION_NUMBER_INVALID', status: 400, detail: { n: Number(n) } })
  }
  t.strictSame(asks, [])
})

t.test(
  'a request does bounded work, and its link goes on where it stopped, naming nothing hidden',
  async t => {
    const all = numbered(60_000)
    const isVisible = (name: string) => name === 'r/58000'
    const { ask, asks } = catalog(all, isVisible)
    const first = await ask('?n=2')
    t.strictSame(read(first).names, [])
    t.ok(asks.length <= 25)
    t.match(
      read(first).next,
      /^\?last=~[\w-]+&n=2$|^\?last=%7E[\w-]+&n=2$/,
      'not empty and at the end at once',
    )
    t.notMatch(JSON.stringify(first), /r\/|r%2F/)
    t.strictSame((await pages(ask, '?n=2')).flat(), ['r/58000'])

    let now = 0
    const slow = catalog(
      all,
      () => false,
      () => {
        now += 6_000
        return now
      },
    )
    await slow.ask('?n=2')
    t.equal(slow.asks.length, 2, 'no page is begun after ten seconds')
  },
)

t.test('a link is good for its own list, and no other process', async t => {
  const sealed = cursor.seal('/v2/_catalog', 'r/00005')
  t.strictSame(read(await catalog(numbered(8), () => true).ask(`?last=${sealed}`)).names, [
    'r/00006',
    'r/00007',
  ])
  t.not(cursor.seal('/v2/_catalog', 'r/00005'), sealed, 'it does not tell that two places are the same')
  const foreign = createListCursor(randomBytes(32)).seal('/v2/_catalog', 'r/00005')
  const bad = [cursor.seal('/v2/a/tags/list', 'r/00005'), foreign, '~', '~AAAA', `${sealed.slice(0, -2)}AA`]
  for (const last of bad) {
    const error = await catalog([], () => true)
      .ask(`?last=${last}`)
      .catch((cause: unknown) => cause)
    t.match(error, { oci: 'PAGINATION_NUMBER_INVALID', status: 400 }, last)
  }
})

t.test('a registry whose links lead nowhere ends the list', async t => {
  const page = async (): Promise<ListPage> => ({ outcome: 'page', names: ['a'], next: 'a' })
  const ask = (query: string) =>
    listCatalog({ catalogPage: page, mayPull: async () => true, cursor, now: () => 0 }, pageOf(query))
  t.strictSame(read(await ask('?n=5')), { names: ['a', 'a'] })
})

t.test('asks no further than it must', async t => {
  const { ask, asks, seen } = catalog(numbered(5_000), () => true)
  await ask('?n=2')
  t.strictSame(asks, [{ n: 100 }])
  t.ok(seen.length <= 16, 'nor about more names')
})

t.test('what cannot be decided is no list', async t => {
  const cause = new Error('the authorizer is down')
  const ports = { catalogPage: pager(['a']).page, mayPull: () => Promise.reject(cause), cursor, now: () => 0 }
  await t.rejects(listCatalog(ports, {}), cause)
})
