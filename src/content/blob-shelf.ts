import { type AnswerCache, createAnswerCache, type Place } from './answer-cache.ts'
import type { BodyCollector } from './body-collector.ts'
import type { Generations } from './generations.ts'
import { learnBody } from './learn-body.ts'
import type { Ask, Learning, Learnt, Shelf } from './shelf.ts'
import { storedAnswer } from './stored-answer.ts'

/** Configurations of images are smaller. */
const MAX_BLOB_BYTES = 64 * 1024

/** Go's `http.ServeContent` leaves them out of "not modified". */
const UNSAID = ['accept-ranges', 'last-modified']

/** Small blobs, and that blobs are there. */
export interface BlobShelf extends Shelf {
  readonly cache: AnswerCache
}

/** Keeps small blobs from whole answers with the digest asked for, and the heads of HEAD; never that one is absent. */
export function createBlobShelf(options: {
  readonly maxBytes: number
  readonly ttlMs: number
  readonly generations: Generations
  readonly bodies: BodyCollector
}): BlobShelf {
  const { bodies } = options
  const cache = createAnswerCache(options)
  return {
    name: 'blobs',
    find: ask => {
      const place = placeOf(ask)
      return place && cache.find(place)
    },
    asking: cache.asking,
    learn: (ask, learnt) => learn({ cache, bodies }, ask, learnt),
    cache,
  }
}

function learn(
  { cache, bodies }: { readonly cache: AnswerCache; readonly bodies: BodyCollector },
  ask: Ask,
  { head, asked }: Learnt,
): Learning | undefined {
  const place = placeOf(ask)
  const answer = storedAnswer(head, UNSAID)
  if (place === undefined || answer === undefined) return undefined
  if (ask.reference.kind !== 'digest' || ask.reference.digest !== answer.digest) return undefined
  if (ask.isHead) return { end: isWhole => isWhole && cache.keep(place, { answer }, asked) }
  if (answer.size > MAX_BLOB_BYTES) return undefined
  return learnBody(bodies, answer, body => cache.keep(place, { answer, body }, asked))
}

function placeOf({ repository, reference, isHead }: Ask): Place | undefined {
  if (reference.kind !== 'digest') return undefined
  return { repository, key: `${isHead ? 'HEAD' : 'GET'} ${reference.digest}` }
}
