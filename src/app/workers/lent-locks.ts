import type { Claim, KeyedLocks } from '../../http/keyed-locks.ts'

/** The locks of one worker. */
export interface LentLocks {
  /** Resolves when all claims are held. @throws OciError UNAVAILABLE */
  lock(lease: { readonly id: number; readonly claims: readonly Claim[] }): Promise<void>
  unlock(id: number): Promise<void>
  /** Lets go of everything, since the worker has ended. */
  releaseAll(): void
}

export function createLentLocks(locks: KeyedLocks): LentLocks {
  const leases = new Map<number, AbortController>()
  return {
    lock: ({ id, claims }) => {
      const lease = new AbortController()
      leases.set(id, lease)
      const granted = Promise.withResolvers<void>()
      const over = new Promise<void>(resolve =>
        lease.signal.addEventListener('abort', () => resolve(), { once: true }),
      )
      const hold = async () => {
        granted.resolve()
        await over
      }
      locks
        .hold(claims, lease.signal, hold)
        .catch(granted.reject)
        .finally(() => leases.delete(id))
      return granted.promise
    },
    unlock: async id => leases.get(id)?.abort(new Error('no longer wanted')),
    releaseAll: () => {
      for (const lease of leases.values()) lease.abort(new Error('the worker has ended'))
    },
  }
}
