import { LRUCache } from 'lru-cache'
import type { Generations } from './generations.ts'
import type { StoredAnswer } from './stored-answer.ts'

/** An answer from memory. */
export interface Found {
  readonly answer: StoredAnswer
  readonly body?: Uint8Array | undefined
}

/** Where something is kept. */
export interface Place {
  readonly repository: string
  /** Unique within the repository. */
  readonly key: string
}

/** When a question was put to the registry. */
export interface Asked {
  readonly moment: number
  readonly atMs: number
}

/** Answers of the registry by repository, in bounded memory and believed for a bounded time. */
export interface AnswerCache {
  find(place: Place): Found | undefined
  /** To be called before the registry is asked. */
  asking(): Asked
  /** Keeps what was learnt from a question, unless it has been forgotten since. */
  keep(place: Place, found: Found, asked: Asked): void
  clear(): void
  usage(): { readonly entries: number; readonly bytes: number }
}

export interface AnswerCacheOptions {
  readonly maxBytes: number
  readonly ttlMs: number
  readonly generations: Generations
  /** Monotonic ms. */
  readonly now?: () => number
}

interface Entry extends Found {
  readonly asked: Asked
}

/** Headers, keys and objects of one entry, about. */
const OVERHEAD_BYTES = 2_048

/** An empty cache. */
export function createAnswerCache({
  maxBytes,
  ttlMs,
  generations,
  now = () => performance.now(),
}: AnswerCacheOptions): AnswerCache {
  const entries = new LRUCache<string, Entry>({
    maxSize: Math.max(1, maxBytes),
    sizeCalculation: ({ body }) => OVERHEAD_BYTES + (body?.length ?? 0),
  })
  return {
    find: place => {
      const name = nameOf(place)
      const entry = entries.get(name)
      if (entry === undefined) return undefined
      const { moment, atMs } = entry.asked
      if (now() - atMs < ttlMs && generations.isCurrent(place.repository, moment)) return entry
      entries.delete(name)
      return undefined
    },
    asking: () => ({ moment: generations.now(), atMs: now() }),
    keep: (place, { answer, body }, asked) => {
      if (!generations.isCurrent(place.repository, asked.moment)) return
      entries.set(nameOf(place), { answer, body, asked })
    },
    clear: () => entries.clear(),
    usage: () => ({ entries: entries.size, bytes: entries.calculatedSize }),
  }
}

/** No repository has a space in its name. */
function nameOf({ repository, key }: Place): string {
  return `${repository} ${key}`
}
