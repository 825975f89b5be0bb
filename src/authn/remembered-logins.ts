import { LRUCache } from 'lru-cache'
import type { AuthnResult } from '../model/credentials.ts'
import type { Authenticate, Clock } from '../model/ports.ts'
import { Secret } from '../model/secret.ts'
import { createFingerprint } from './verified-credentials.ts'

const MAX_ENTRIES = 10_000
/** There is no stored hash to tell apart. */
const NO_HASH = new Secret('')

/**
 * `authenticate`, asked once for the same name and password in `ttlMs`; only logins that were right are remembered,
 * and of them no name or password, but an HMAC. A login under way is joined.
 */
export function rememberLogins(
  authenticate: Authenticate,
  options: { readonly clock: Clock; readonly ttlMs: number },
): Authenticate {
  const fingerprint = createFingerprint()
  const known = new LRUCache<string, Promise<AuthnResult>>({
    max: MAX_ENTRIES,
    ttl: options.ttlMs,
    ttlResolution: 0,
    perf: { now: options.clock },
  })

  return credentials => {
    const key = fingerprint({ ...credentials, hash: NO_HASH })
    const found = known.get(key)
    if (found !== undefined) return found
    const asked = authenticate(credentials)
    const forget = () => {
      if (known.peek(key) === asked) known.delete(key)
    }
    known.set(key, asked)
    asked.then(({ outcome }) => {
      if (outcome !== 'authenticated') forget()
    }, forget)
    return asked
  }
}
