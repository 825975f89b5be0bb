import type { ListAsk, ListPage } from '../model/list-page.ts'
import type { Page } from '../model/registry-request.ts'
import { listCount } from './list-count.ts'
import type { ListCursor } from './list-cursor.ts'
import { listReply, openLast } from './list-reply.ts'
import type { Reply } from './reply.ts'
import { type Walked, walkList } from './walk-list.ts'

/** `n` of a link that continues a list whose client gave none. */
const LINK_COUNT = 1_000

/** What the filtered list of tags needs, for one subject. */
export interface TagsPorts {
  /** A page of the tags of a repository. @throws UpstreamUnavailable */
  readonly tagsPage: (name: string, ask: ListAsk) => Promise<ListPage>
  readonly mayPullTag: (name: string, tag: string) => Promise<boolean>
  readonly cursor: ListCursor
  /** Monotonic, ms. */
  readonly now: () => number
}

/**
 * The tags that the subject may pull, sorted, exactly `n` of them while there are so many, without `n` all. Registries
 * that know no pages of tags (distribution before 3.1) give all at once, in any order.
 * @throws OciError 400 for a `last` that is none; UpstreamUnavailable.
 * Spec: OCI distribution-spec 1.1, "Listing Tags".
 */
export async function listTags(
  ports: TagsPorts,
  { name, page }: { readonly name: string; readonly page: Page },
): Promise<Reply> {
  const { cursor } = ports
  const path = `/v2/${name}/tags/list`
  const count = listCount(page.n)
  const after = openLast(cursor, path, page.last)
  const walked = count === 0 ? await lookOnly(ports, name) : await walkTags(ports, { name, count, ...after })
  const tags =
    walked.outcome === 'failed' || (walked.isNull && walked.names.length === 0) ? null : walked.names
  return listReply({ path, n: count ?? LINK_COUNT }, { body: { name, tags }, walked, cursor })
}

function walkTags(
  { tagsPage, mayPullTag, now }: TagsPorts,
  {
    name,
    count,
    last,
  }: { readonly name: string; readonly count: number | undefined; readonly last?: string },
): Promise<Walked> {
  return walkList(
    {
      page: async ask => sortedAfter(await tagsPage(name, ask), ask.last),
      isVisible: tag => mayPullTag(name, tag),
      now,
    },
    { count: count ?? Number.POSITIVE_INFINITY, ...(last === undefined ? {} : { last }) },
  )
}

/** No tag is asked for, yet a repository that is not there must be an error. */
async function lookOnly({ tagsPage }: TagsPorts, name: string): Promise<Walked> {
  const page = await tagsPage(name, { n: 1 })
  return page.outcome === 'failed' ? page : { outcome: 'walked', names: [], isNull: false }
}

/** In the order of the specification, that of Go's `sort.Strings`; tags are ASCII. */
function sortedAfter(page: ListPage, last: string | undefined): ListPage {
  if (page.outcome === 'failed' || page.names === null) return page
  const names = page.names.filter(tag => last === undefined || tag > last)
  return { ...page, names: names.toSorted() }
}
