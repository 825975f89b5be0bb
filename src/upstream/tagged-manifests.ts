import { MANIFEST_ACCEPT } from '../oci/manifest-types.ts'
import { isTag } from '../oci/tag.ts'
import type { BufferedClient, WholeAnswer } from './buffered-client.ts'
import { headOf, unexpected } from './registry-lookups.ts'

const MAX_TAGS = 10_000
/** Room for that many tags of full length. */
const MAX_LIST_BYTES = 2 * 1024 * 1024
const PAGE = 1_000
const CONCURRENCY = 8
const TIMEOUT_MS = 10_000
/** For the whole listing; docker shows no progress meanwhile. */
const DEADLINE_MS = 60_000

/** A tag and what it points to; `mediaType` without parameters. */
export interface TaggedManifest {
  readonly tag: string
  readonly digest: string
  readonly mediaType: string
}

/** Every tag of a repository, or that there are more than we look at. */
export type TagListing =
  | { readonly outcome: 'listed'; readonly tags: readonly TaggedManifest[] }
  | { readonly outcome: 'too many'; readonly limit: number }

/** One listing: the repository, and the Authorization header for pulling from it, if any. */
export interface TagListingOptions {
  readonly name: string
  readonly authorization: string | undefined
  readonly signal: AbortSignal
  readonly maxTags?: number
}

/**
 * Every tag of a repository with its digest, sorted; asked one by one, eight at a time, nothing is remembered. Tags that go
 * away meanwhile are left out. At most 10,000 tags.
 * @throws UpstreamUnavailable when the registry does not answer or takes more than a minute, the signal's reason.
 */
export async function listTaggedManifests(
  client: BufferedClient,
  options: TagListingOptions,
): Promise<TagListing> {
  const deadline = AbortSignal.timeout(DEADLINE_MS)
  const { authorization, maxTags = MAX_TAGS } = options
  const lookup: Lookup = {
    client,
    name: options.name,
    maxTags,
    headers: { accept: MANIFEST_ACCEPT, ...(authorization === undefined ? {} : { authorization }) },
    signal: AbortSignal.any([options.signal, deadline]),
  }
  try {
    const names = await tagNames(lookup)
    if (names === undefined) return { outcome: 'too many', limit: maxTags }
    return { outcome: 'listed', tags: await resolveAll(lookup, names.toSorted()) }
  } catch (error) {
    throw error === deadline.reason ? unexpected('too slowly for all tags') : error
  }
}

interface Lookup {
  readonly client: BufferedClient
  readonly name: string
  readonly maxTags: number
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** `undefined` when there are too many. A registry may page the list or give all of it at once. */
async function tagNames({
  client,
  name,
  maxTags,
  headers,
  signal,
}: Lookup): Promise<readonly string[] | undefined> {
  const names = new Set<string>()
  let query: string | undefined = `n=${PAGE}`
  while (query !== undefined) {
    const before = names.size
    const answer: WholeAnswer = await client.ask(`/v2/${name}/tags/list?${query}`, {
      method: 'GET',
      headers,
      signal,
      maxBytes: MAX_LIST_BYTES,
      timeoutMs: TIMEOUT_MS,
    })
    if (answer.status === 404) return [...names]
    if (answer.isCut) return undefined
    for (const tag of parseTags(answer)) names.add(tag)
    if (names.size > maxTags) return undefined
    query = nextQuery(answer)
    // A page that adds nothing would lead to itself.
    if (names.size === before && query !== undefined) throw unexpected('the same page of tags again')
  }
  return [...names]
}

function parseTags({ status, body }: WholeAnswer): readonly string[] {
  if (status !== 200) throw unexpected(`${status} for the tags`)
  const list = parseJson(body)
  const tags: unknown = typeof list === 'object' && list !== null && 'tags' in list ? list.tags : undefined
  // Distribution says null for a repository whose last tag is gone.
  if (tags === null) return []
  if (!Array.isArray(tags) || !tags.every(tag => typeof tag === 'string' && isTag(tag))) {
    throw unexpected('something else than tags')
  }
  return tags
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    throw unexpected(`no JSON (${String(cause)})`)
  }
}

/** Query of the next page; of the registry's link only the query is taken. Spec: RFC 8288. */
function nextQuery({ headers }: WholeAnswer): string | undefined {
  const link = [headers['link'] ?? []].flat().join(', ')
  return /<[^<>?]*\?([^<>]*)>\s*;\s*rel="?next"?/i.exec(link)?.[1]
}

async function resolveAll(lookup: Lookup, names: readonly string[]): Promise<readonly TaggedManifest[]> {
  const found: (TaggedManifest | undefined)[] = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < names.length; index = next++) {
      found[index] = await resolve(lookup, names[index] ?? '')
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  return found.filter(tagged => tagged !== undefined)
}

async function resolve(
  { client, name, headers, signal }: Lookup,
  tag: string,
): Promise<TaggedManifest | undefined> {
  const path = `/v2/${name}/manifests/${tag}`
  const answer = await client.ask(path, {
    method: 'HEAD',
    headers,
    signal,
    maxBytes: 0,
    timeoutMs: TIMEOUT_MS,
  })
  return answer.status === 404 ? undefined : { tag, ...headOf(answer) }
}
