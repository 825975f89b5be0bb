import { type AnswerCache, createAnswerCache, type Found } from './answer-cache.ts'
import type { BodyCollector } from './body-collector.ts'
import type { Generations } from './generations.ts'
import { learnBody } from './learn-body.ts'
import { listsMediaType } from './lists-media-type.ts'
import type { Ask, Learning, Learnt, Shelf } from './shelf.ts'
import { type StoredAnswer, storedAnswer } from './stored-answer.ts'

/** Manifests by digest. */
export interface ManifestShelf extends Shelf {
  /** The bytes of a manifest that the repository is believed to have. */
  bytes(repository: string, digest: string): Uint8Array | undefined
  readonly cache: AnswerCache
}

/** A larger manifest would take too long to hash in one go. */
const MAX_MANIFEST_BYTES = 1024 * 1024
/** distribution's "not modified" for a manifest does not name it. */
export const UNSAID_OF_MANIFESTS = ['docker-content-digest']

/**
 * Keeps manifests from whole answers that have the digest asked for, or the one that the registry says a tag has. A hit
 * needs the exact media type in `Accept`, since the registry hides or converts a manifest otherwise.
 */
export function createManifestShelf(options: {
  readonly maxBytes: number
  readonly ttlMs: number
  readonly generations: Generations
  readonly bodies: BodyCollector
}): ManifestShelf {
  const { bodies } = options
  const cache = createAnswerCache(options)
  const learn = (ask: Ask, { head, asked }: Learnt): Learning | undefined => {
    const { reference } = ask
    const answer = storedAnswer(head, UNSAID_OF_MANIFESTS)
    if (answer === undefined || ask.isHead || answer.size > MAX_MANIFEST_BYTES) return undefined
    if (reference.kind === 'digest' && reference.digest !== answer.digest) return undefined
    const place = { repository: ask.repository, key: answer.digest }
    return learnBody(bodies, answer, body => cache.keep(place, { answer, body }, asked))
  }
  return {
    name: 'manifests',
    find: ask => found(cache, ask),
    asking: cache.asking,
    learn,
    bytes: (repository, digest) => cache.find({ repository, key: digest })?.body,
    cache,
  }
}

function found(cache: AnswerCache, { repository, reference, headers }: Ask): Found | undefined {
  if (reference.kind !== 'digest') return undefined
  const entry = cache.find({ repository, key: reference.digest })
  return entry !== undefined && isAccepted(headers.accept, entry.answer) ? entry : undefined
}

function isAccepted(accept: string | undefined, { mediaType }: StoredAnswer): boolean {
  return accept !== undefined && listsMediaType(accept, mediaType)
}
