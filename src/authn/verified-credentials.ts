import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { atMost } from '../model/at-most.ts'
import type { Clock } from '../model/ports.ts'
import type { Secret } from '../model/secret.ts'

const MAX_ENTRIES = 10_000
const TTL_MS = 5 * 60_000

/** One login against one stored hash. */
export interface Login {
  readonly name: string
  readonly password: Secret
  readonly hash: Secret
}

export interface VerifiedCredentials {
  /**
   * What `check` says, remembered when it is true; the same login under way is joined, not repeated.
   * Rejects as `check` does; a rejection is not remembered.
   */
  verify(login: Login, check: () => Promise<boolean>): Promise<boolean>
  /** Logins remembered, expired ones included until they are pushed out. */
  size(): number
}

/**
 * Remembers logins that were right, so that bcrypt is not paid for every request.
 * It holds HMAC-SHA256 values under a key of its own that never leaves it: no name, password or hash.
 */
export function createVerifiedCredentials(options: {
  readonly clock: Clock
  readonly max?: number
  readonly ttlMs?: number
}): VerifiedCredentials {
  const fingerprint = createFingerprint()
  const underWay = new Map<string, Promise<boolean>>()
  const verified = new LRUCache<string, true>({
    ...atMost(options.max ?? MAX_ENTRIES),
    ttl: options.ttlMs ?? TTL_MS,
    ttlResolution: 0,
    perf: { now: options.clock },
  })

  async function run(key: string, check: () => Promise<boolean>): Promise<boolean> {
    try {
      const matches = await check()
      if (matches) verified.set(key, true)
      return matches
    } finally {
      underWay.delete(key)
    }
  }

  return {
    async verify(login, check) {
      const key = fingerprint(login)
      if (verified.get(key) === true) return true
      const joined = underWay.get(key) ?? run(key, check)
      underWay.set(key, joined)
      return await joined
    },
    size: () => verified.size,
  }
}

/** Logins to HMAC values in base64, under a new random key. */
export function createFingerprint(): (login: Login) => string {
  const key = createSecretKey(randomBytes(32))
  return ({ name, password, hash }) =>
    createHmac('sha256', key)
      // JSON keeps the three apart: ("a", "bc") and ("ab", "c") differ.
      .update(JSON.stringify([name, password.reveal(), hash.reveal()]))
      .digest('base64')
}
