import { LRUCache } from 'lru-cache'
import { atMost } from '../model/at-most.ts'
import type { BlobName, BlobSource } from './blob-source.ts'

const MAX_VOUCHERS = 20_000

/** Tells when what was learnt about a repository no longer holds. */
export interface Moments {
  now(): number
  isCurrent(repository: string, moment: number): boolean
}

/** Which blobs the registry has said to be in which repository, for a short time. */
export interface Vouchers extends Moments {
  /** Whether the repository has the blob, asked of the registry unless it has just said so; `false` when it cannot tell. */
  isThere(blob: BlobName): Promise<boolean>
  /** The registry has said so, asked at `moment`. */
  remember(blob: BlobName, moment: number): void
}

/** At most 20,000 of them are kept, each for `ttlMs`. */
export function createVouchers(options: {
  readonly has: BlobSource['has']
  readonly moments: Moments
  readonly ttlMs: number
}): Vouchers {
  const { has, moments, ttlMs } = options
  const known =
    ttlMs > 0
      ? new LRUCache<string, number>({ ...atMost(MAX_VOUCHERS), ttl: ttlMs, ttlAutopurge: false })
      : undefined

  const remember = (blob: BlobName, moment: number) => {
    if (moments.isCurrent(blob.name, moment)) known?.set(keyOf(blob), moment)
  }
  return {
    remember,
    ...moments,
    isThere: async blob => {
      const since = known?.get(keyOf(blob))
      if (since !== undefined && moments.isCurrent(blob.name, since)) return true
      const moment = moments.now()
      const isThere = await has(blob).catch(() => false)
      if (isThere) remember(blob, moment)
      return isThere
    },
  }
}

function keyOf({ name, digest }: BlobName): string {
  return `${name}@${digest}`
}
