import type { Families } from './metric-families.ts'

/** Use of the caches between clients and the registry. */
export interface CacheMetrics {
  /** A read that this cache might have answered. */
  countCacheRequest(cache: string, result: 'hit' | 'miss'): void
  /** Replaces the sizes of all caches. */
  setCaches(
    caches: readonly { readonly cache: string; readonly entries: number; readonly bytes: number }[],
  ): void
}

/** Metrics of the caches. */
export function cacheMetrics(families: Families): CacheMetrics {
  const requests = families.counter({
    name: 'cache_requests_total',
    help: 'Reads that a cache might have answered, by result (hit, miss).',
    labels: ['cache', 'result'],
  })
  const entries = families.gauge({ name: 'cache_entries', help: 'Entries of a cache.', labels: ['cache'] })
  const bytes = families.gauge({
    name: 'cache_bytes',
    help: 'What the entries of a cache take, in memory or on the disk, about.',
    labels: ['cache'],
  })
  return {
    countCacheRequest: (cache, result) => requests([cache, result]),
    setCaches(caches) {
      for (const { cache, ...usage } of caches) {
        entries.set([cache], usage.entries)
        bytes.set([cache], usage.bytes)
      }
    },
  }
}
