import type { Config } from '../config/schema.ts'
import type { ContentExchange, Forward } from '../content/content-exchange.ts'
import type { CacheUsage } from '../content/memory-cache.ts'
import { openDirectRead } from './open-direct-read.ts'
import { type DiskCacheEffects, openDiskCache } from './open-disk-cache.ts'

/** Blobs that are answered from files, of the registry or of our own. */
export interface BlobFiles<E> {
  readonly forward: Forward<E>
  usage(): readonly CacheUsage[]
  close(): Promise<void>
}

/** `forward`, in front of it the files that the configuration has us read. */
export function openBlobFiles<E extends ContentExchange>(
  config: Config,
  effects: DiskCacheEffects,
  forward: Forward<E>,
): BlobFiles<E> {
  const read = openDirectRead(config, effects, forward)
  const disk = openDiskCache(config, effects)
  return {
    forward: disk === undefined ? read : disk.before(read),
    usage: () => (disk === undefined ? [] : [disk.usage()]),
    close: async () => disk?.close(),
  }
}
