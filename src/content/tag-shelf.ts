import { type AnswerCache, createAnswerCache, type Found, type Place } from './answer-cache.ts'
import type { Generations } from './generations.ts'
import { type ManifestShelf, UNSAID_OF_MANIFESTS } from './manifest-shelf.ts'
import type { Ask, Shelf } from './shelf.ts'
import { storedAnswer } from './stored-answer.ts'

/** Some 2,000 tags. */
const MAX_BYTES = 4 * 1024 * 1024
const MAX_ACCEPT_LENGTH = 1_024

/** What tags point to. */
export interface TagShelf extends Shelf {
  readonly cache: AnswerCache
}

/**
 * Keeps for a short time what a tag was answered with, for the same method and `Accept`, on which the registry's choice
 * depends; the bytes are those of the manifest with the same digest.
 */
export function createTagShelf(options: {
  readonly ttlMs: number
  readonly generations: Generations
  readonly manifests: ManifestShelf
}): TagShelf {
  const { manifests } = options
  const cache = createAnswerCache({ ...options, maxBytes: MAX_BYTES })
  return {
    name: 'tags',
    find: ask => {
      const place = placeOf(ask)
      const entry = place && cache.find(place)
      return entry && withBytes(manifests, ask, entry)
    },
    asking: cache.asking,
    learn: (ask, { head, asked }) => {
      const place = placeOf(ask)
      const answer = storedAnswer(head, UNSAID_OF_MANIFESTS)
      if (place === undefined || answer === undefined) return undefined
      return { end: isWhole => isWhole && cache.keep(place, { answer }, asked) }
    },
    cache,
  }
}

function placeOf({ repository, reference, isHead, headers }: Ask): Place | undefined {
  if (reference.kind !== 'tag') return undefined
  const { accept = '' } = headers
  if (accept.length > MAX_ACCEPT_LENGTH) return undefined
  return { repository, key: `${isHead ? 'HEAD' : 'GET'} ${reference.tag} ${accept}` }
}

function withBytes(
  manifests: ManifestShelf,
  { repository, isHead }: Ask,
  { answer }: Found,
): Found | undefined {
  if (isHead) return { answer }
  const body = manifests.bytes(repository, answer.digest)
  return body && { answer, body }
}
