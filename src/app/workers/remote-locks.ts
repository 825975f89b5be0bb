import type { Claim, KeyedLocks } from '../../http/keyed-locks.ts'
import type { Owner } from './owner.ts'

/** The locks that the owner keeps; they hold for all workers. */
export function createRemoteLocks(owner: Owner): KeyedLocks {
  let lastId = 0
  const held = new Map<number, readonly Claim[]>()
  return {
    size: () => new Set([...held.values()].flatMap(claims => claims.map(({ key }) => key))).size,
    hold: async (claims, signal, work) => {
      signal.throwIfAborted()
      lastId += 1
      const id = lastId
      const left = Promise.withResolvers<never>()
      const onAbort = () => left.reject(signal.reason)
      signal.addEventListener('abort', onAbort)
      held.set(id, claims)
      try {
        await Promise.race([owner.ask('lock', { id, claims }), left.promise])
        signal.removeEventListener('abort', onAbort)
        return await work()
      } finally {
        signal.removeEventListener('abort', onAbort)
        held.delete(id)
        // Also where it is still waited for.
        owner.tell('unlock', id)
      }
    },
  }
}
