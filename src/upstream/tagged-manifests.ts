import type { ListAsk, ListPage } from '../model/list-page.ts'
import type { TaggedManifest, TagListing } from '../model/tagged-manifest.ts'
import { isTag } from '../oci/tag.ts'
import type { FindTag } from './tag-target.ts'
import { unexpectedAnswer } from './unavailable.ts'

const MAX_TAGS = 10_000
const PAGE = 1_000
const CONCURRENCY = 8
/** For the whole listing; clients show no progress meanwhile. */
const DEADLINE_MS = 60_000

/** How the registry is asked. */
export interface TagListingPorts {
  readonly listPage: (
    list: { readonly kind: 'tags'; readonly name: string },
    ask: ListAsk,
  ) => Promise<ListPage>
  readonly findTag: FindTag
}

/** One listing; `maxTags` is 10,000 unless told. */
export interface TagListingOptions {
  readonly name: string
  readonly signal: AbortSignal
  readonly maxTags?: number | undefined
}

/**
 * Every tag of a repository with what it points to, sorted; asked one by one, eight at a time, nothing is remembered.
 * Tags that go away meanwhile are left out.
 * @throws UpstreamUnavailable when the registry does not answer or takes more than a minute, the signal's reason.
 */
export async function listTaggedManifests(
  ports: TagListingPorts,
  { name, signal, maxTags = MAX_TAGS }: TagListingOptions,
): Promise<TagListing> {
  const deadline = AbortSignal.timeout(DEADLINE_MS)
  const listing: Listing = { ...ports, name, maxTags, signal: AbortSignal.any([signal, deadline]) }
  try {
    const names = await tagNames(listing)
    if (names === undefined) return { outcome: 'too many', limit: maxTags }
    return { outcome: 'listed', tags: await targetsOf(listing, names.toSorted()) }
  } catch (error) {
    throw deadline.aborted && error === deadline.reason ? unexpectedAnswer('too slowly for all tags') : error
  }
}

interface Listing extends TagListingPorts {
  readonly name: string
  readonly maxTags: number
  readonly signal: AbortSignal
}

/** `undefined` when there are too many. A registry may page the list or give all of it at once. */
async function tagNames({
  listPage,
  name,
  maxTags,
  signal,
}: Listing): Promise<readonly string[] | undefined> {
  const names = new Set<string>()
  let ask: ListAsk = { n: PAGE }
  while (names.size <= maxTags) {
    signal.throwIfAborted()
    const page = await listPage({ kind: 'tags', name }, ask)
    const before = names.size
    for (const tag of tagsOf(page)) names.add(tag)
    if (page.outcome === 'failed' || page.next === undefined) break
    // A page that adds nothing would lead to itself.
    if (names.size === before) throw unexpectedAnswer('the same tags again')
    ask = { n: PAGE, last: page.next }
  }
  return names.size > maxTags ? undefined : [...names]
}

function tagsOf(page: ListPage): readonly string[] {
  if (page.outcome === 'failed' && page.status === 404) return []
  if (page.outcome === 'failed') throw unexpectedAnswer(`${page.status} for the tags`)
  const { names } = page
  if (names?.every(isTag) === false) throw unexpectedAnswer('something else than tags')
  return names ?? []
}

async function targetsOf(listing: Listing, names: readonly string[]): Promise<readonly TaggedManifest[]> {
  const { findTag, name, signal } = listing
  const found: (TaggedManifest | undefined)[] = []
  const waiting = names.entries()
  let isOver = false
  const work = async () => {
    for (const [index, tag] of waiting) {
      signal.throwIfAborted()
      if (isOver) return
      const target = await findTag(name, tag)
      found[index] = target && { tag, ...target }
    }
  }
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, work))
  } finally {
    // After one has failed, the others need not go on.
    isOver = true
  }
  return found.filter(tagged => tagged !== undefined)
}
