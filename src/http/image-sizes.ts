import { LRUCache } from 'lru-cache'
import { atMost } from '../model/at-most.ts'
import type { AnswerHead, AnswerTap } from '../model/exchange.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import { answerFacts } from '../oci/answer-facts.ts'
import { type ImageFacts, imageFacts } from '../oci/image-facts.ts'
import { isDigestOf } from './digest-of.ts'

/** Some 2 MB. */
const MAX_DIGESTS = 10_000
/** Far more than any image needs; a larger manifest has no size in the audit log. */
const MAX_BYTES = 256 * 1024

type Note = (facts: Pick<ImageFacts, 'imageSize'>) => void

/** Learns the size of each image that is pulled from the manifest as it passes. */
export interface ImageSizes {
  /** For the answer to a request; `note` is told the size before the answer has ended. No tap where there is none. */
  watch(request: RegistryRequest, note: Note): { readonly tap?: AnswerTap }
}

/** Remembers the sizes by the digests of the manifests, so that each is read once. */
export function createImageSizes(options: { readonly max?: number } = {}): ImageSizes {
  const known = new LRUCache<string, ImageFacts>(atMost(options.max ?? MAX_DIGESTS))
  return {
    watch: (request, note) => {
      if (request.kind !== 'manifest' || request.verb !== 'read') return NOTHING
      return { tap: head => look(known, head, note) }
    },
  }
}

const NOTHING = {}

function look(
  known: LRUCache<string, ImageFacts>,
  { status, headers }: AnswerHead,
  note: Note,
): ReturnType<AnswerTap> {
  if (status !== 200) return undefined
  const { digest, mediaType = '', size = 0 } = answerFacts(headers)
  if (digest === undefined) return undefined
  const facts = known.get(digest)
  if (facts !== undefined) {
    noteSize(facts, note)
    return undefined
  }
  if (!(size > 0 && size <= MAX_BYTES)) return undefined
  return collect(size, body => {
    if (!isDigestOf(digest, body)) return
    const read = imageFacts(body, mediaType.toLowerCase())
    known.set(digest, read)
    noteSize(read, note)
  })
}

function noteSize({ imageSize }: ImageFacts, note: Note): void {
  if (imageSize !== undefined) note({ imageSize })
}

/** Gives the pieces of a body of `size` bytes to `whole` when it is complete. */
function collect(size: number, whole: (body: Uint8Array) => void): (piece: Uint8Array) => void {
  const body = new Uint8Array(size)
  let length = 0
  return piece => {
    if (length + piece.length > size) return
    body.set(piece, length)
    length += piece.length
    if (length === size) whole(body)
  }
}
