import { UpstreamUnavailable } from '../model/errors.ts'
import type { ListAsk, ListPage } from '../model/list-page.ts'
import { asJsonObject, parseJsonObject } from '../oci/json-object.ts'
import type { SmallAnswer, SmallFetch } from './fetch-small.ts'

/** On object storage a registry walks through all of it before it answers. */
const LIST_TIMEOUT_MS = 60_000
/** What every registry gives in one page; operators may allow less than distribution's 1,000. */
const SAFE_PAGE = 100

/** Where a list is: the catalog, or the tags of a repository. */
export type ListKind = { readonly kind: 'catalog' } | { readonly kind: 'tags'; readonly name: string }

/**
 * Reads one page of the registry's lists, following its own `Link`. When it refuses the size of the page, it is asked
 * for a smaller one.
 * @throws UpstreamUnavailable
 */
export function createListPages(options: {
  readonly get: SmallFetch['get']
  readonly authorization: (list: ListKind) => Promise<string | undefined>
}): (list: ListKind, ask: ListAsk) => Promise<ListPage> {
  return async (list, ask) => {
    const authorization = await options.authorization(list)
    const send = (sized: ListAsk) =>
      options.get(pathOf(list) + query(sized), {
        timeoutMs: LIST_TIMEOUT_MS,
        headers: authorization === undefined ? {} : { authorization },
      })
    const answer = await send(ask)
    const isTooMuch = answer.status === 400 && ask.n !== undefined && ask.n > SAFE_PAGE
    return pageOf(list, isTooMuch ? await send({ ...ask, n: SAFE_PAGE }) : answer)
  }
}

/**
 * The `last` of a `Link` header to the next page; `undefined` when there is none.
 * Spec: RFC 8288 §3; OCI distribution-spec 1.1, "Listing Tags".
 */
export function nextLast(link: string | readonly string[] | undefined): string | undefined {
  for (const [, target = '', parameters = ''] of String(link ?? '').matchAll(/<([^>]*)>([^,<]*)/g)) {
    if (!/;\s*rel\s*=\s*"?next"?\s*(?:;|$)/i.test(parameters)) continue
    const mark = target.indexOf('?')
    const last = mark === -1 ? null : new URLSearchParams(target.slice(mark + 1)).get('last')
    return last ?? undefined
  }
  return undefined
}

function pathOf(list: ListKind): string {
  return list.kind === 'catalog' ? '/v2/_catalog' : `/v2/${list.name}/tags/list`
}

function query({ n, last }: ListAsk): string {
  const parameters = new URLSearchParams()
  if (n !== undefined) parameters.set('n', String(n))
  if (last !== undefined) parameters.set('last', last)
  return parameters.size === 0 ? '' : `?${parameters}`
}

function pageOf(list: ListKind, { status, headers, body }: SmallAnswer): ListPage {
  if (status === 401 || status === 403) {
    throw new UpstreamUnavailable('refused', 'the registry refuses the token of landwaiter for its lists')
  }
  if (body === undefined) throw unreadable('is too large')
  if (status !== 200) {
    const type = String(headers['content-type'] ?? 'application/octet-stream')
    return { outcome: 'failed', status, body: body.toString(), type }
  }
  const names = namesIn(body, list.kind === 'catalog' ? 'repositories' : 'tags')
  if (names === undefined) throw unreadable('is none')
  const next = nextLast(headers['link'])
  return { outcome: 'page', names, ...(next === undefined ? {} : { next }) }
}

function namesIn(body: Buffer, member: 'repositories' | 'tags'): readonly string[] | null | undefined {
  const list: unknown = asJsonObject(parseJsonObject(body))?.[member]
  if (list === null) return null
  if (!Array.isArray(list)) return undefined
  return list.every(name => typeof name === 'string') ? list : undefined
}

function unreadable(fault: string): UpstreamUnavailable {
  return new UpstreamUnavailable('refused', `the registry's list ${fault}`)
}
