import { createGenerations, type Generations } from './generations.ts'

/** What a write through us may have changed: what tags point to, or also which digests exist. Without a repository, in all of them. */
export interface ContentChange {
  readonly repository?: string
  readonly scope: 'tags' | 'all'
}

/** Resolves when every other thread has applied the change with its own `apply`; never rejects. */
export type BroadcastChange = (change: ContentChange) => void | Promise<void>

/** What the caches believe, and when they stop to. */
export interface Freshness {
  readonly tags: Generations
  readonly digests: Generations
  /** A change that another thread has made. */
  apply(change: ContentChange): void
  /**
   * Runs a write: what it may change is forgotten before and after, and nothing learnt meanwhile is kept. `write` calls
   * the function that it is given before its answer goes out.
   */
  during<T>(
    change: ContentChange & { readonly repository: string },
    write: (settle: () => Promise<void>) => Promise<T>,
  ): Promise<T>
}

/** Nothing is believed yet; `broadcast` tells the other threads, if there are any. */
export function createFreshness(broadcast: BroadcastChange = () => undefined): Freshness {
  const tags = createGenerations()
  const digests = createGenerations()
  const apply = (change: ContentChange) => {
    for (const generations of change.scope === 'all' ? [tags, digests] : [tags]) {
      if (change.repository === undefined) generations.forgetAll()
      else generations.forget(change.repository)
    }
  }
  const forget = async (change: ContentChange) => {
    apply(change)
    await broadcast(change)
  }
  return {
    tags,
    digests,
    apply,
    during: async (change, write) => {
      const { repository, scope } = change
      const closers = (scope === 'all' ? [tags, digests] : [tags]).map(one => one.open(repository))
      try {
        await broadcast(change)
        return await write(() => forget(change))
      } finally {
        await forget(change)
        for (const close of closers) close()
      }
    },
  }
}
