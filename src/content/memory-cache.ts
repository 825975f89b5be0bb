import { createBlobShelf } from './blob-shelf.ts'
import { createBodyCollector } from './body-collector.ts'
import type { Freshness } from './freshness.ts'
import { createManifestShelf } from './manifest-shelf.ts'
import type { Shelf } from './shelf.ts'
import { createTagShelf } from './tag-shelf.ts'

/** Bounds of the caches in memory; 0 is off. */
export interface MemoryCacheSettings {
  readonly manifests: number
  readonly blobs: number
  /** How long what is there is believed to be there, ms. */
  readonly existence_ttl_ms: number
  /** How long a tag is believed to point where it did, ms. */
  readonly tag_ttl_ms: number
}

/** What one cache holds. */
export interface CacheUsage {
  readonly cache: string
  readonly entries: number
  readonly bytes: number
}

/** The caches in memory; one that is off is absent. */
export interface MemoryCache {
  readonly freshness: Freshness
  readonly manifests: Shelf | undefined
  readonly tags: Shelf | undefined
  readonly blobs: Shelf | undefined
  /** Gives up everything in this thread, since the registry may have been changed behind our back. */
  clear(): void
  usage(): readonly CacheUsage[]
}

/** Bodies on their way into the caches. */
const COLLECTING_BYTES = 16 * 1024 * 1024

/** Empty caches. */
export function createMemoryCache(settings: MemoryCacheSettings, freshness: Freshness): MemoryCache {
  const { existence_ttl_ms: ttlMs } = settings
  const bodies = createBodyCollector(COLLECTING_BYTES)
  const options = { ttlMs, generations: freshness.digests, bodies }
  const isOn = (bytes: number) => bytes > 0 && ttlMs > 0
  const manifests = isOn(settings.manifests)
    ? createManifestShelf({ ...options, maxBytes: settings.manifests })
    : undefined
  const tags =
    manifests !== undefined && settings.tag_ttl_ms > 0
      ? createTagShelf({ ttlMs: settings.tag_ttl_ms, generations: freshness.tags, manifests })
      : undefined
  const blobs = isOn(settings.blobs) ? createBlobShelf({ ...options, maxBytes: settings.blobs }) : undefined
  const shelves = [manifests, tags, blobs].filter(shelf => shelf !== undefined)
  return {
    freshness,
    manifests,
    tags,
    blobs,
    clear: () => {
      for (const { cache } of shelves) cache.clear()
      freshness.apply({ scope: 'all' })
    },
    usage: () => shelves.map(({ name, cache }) => ({ cache: name, ...cache.usage() })),
  }
}
