import { randomBytes } from 'node:crypto'
import { createListCursor } from '../../src/http/list-cursor.ts'
import type { Reply } from '../../src/http/reply.ts'
import type { ListAsk, ListPage } from '../../src/model/list-page.ts'
import type { Page } from '../../src/model/registry-request.ts'
import { parseRegistryRequest } from '../../src/oci/route.ts'

/** Seals with a key of this process. */
export const cursor = createListCursor(randomBytes(32))
const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b))

/** A registry's list in byte order, in pages. */
export function pager(names: readonly string[], maxPage = 1_000) {
  const sorted = names.toSorted(compare)
  const asks: ListAsk[] = []
  const page = async (ask: ListAsk): Promise<ListPage> => {
    asks.push(ask)
    const after = sorted.filter(name => ask.last === undefined || name > ask.last)
    const shown = after.slice(0, Math.min(ask.n ?? 100, maxPage))
    const last = shown.at(-1)
    return { outcome: 'page', names: shown, ...(after.length > shown.length && last ? { next: last } : {}) }
  }
  return { page, asks }
}

/** The page that a query asks for. */
export function pageOf(query: string): Page {
  const request = parseRegistryRequest('GET', `/v2/_catalog${query}`)
  return request.kind === 'catalog' ? request.page : {}
}

/** A list as a client sees it. */
export interface Read {
  readonly names: readonly string[] | null
  /** Query of the link. */
  readonly next?: string
}

export function read({ status, body, headers = {} }: Reply): Read {
  if (status !== 200) throw new Error(`${status} ${body}`)
  const { repositories, tags } = JSON.parse(body)
  const next = /^<\/v2\/[^?]*(\?[^>]*)>; rel="next"$/.exec(headers['link'] ?? '')?.[1]
  return { names: repositories ?? tags ?? null, ...(next === undefined ? {} : { next }) }
}

/** Follows the links to the end; the names of each page. */
export async function pages(
  ask: (query: string) => Promise<Reply>,
  first: string,
): Promise<readonly (readonly string[])[]> {
  const found: (readonly string[])[] = []
  for (let query: string | undefined = first; query !== undefined; ) {
    const { names, next }: Read = read(await ask(query))
    found.push(names ?? [])
    query = next
    if (found.length > 500) throw new Error('the links have no end')
  }
  return found
}
