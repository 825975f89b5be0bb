import { storageUrl } from './follow-redirect.ts'
import type { OnRedirect } from './forward.ts'

/** A registry with more storages than that is told of in the log long since. */
const MAX_HOSTS = 100

/** Tells `warn` once of each host to which a redirect leads and that clients do not reach; replaces no answer. */
export function createUnreachableWarning(
  isReachable: (host: string) => boolean,
  warn: (host: string) => void,
): OnRedirect {
  const told = new Set<string>()
  return async (exchange, head) => {
    const host = storageUrl(head, exchange)?.hostname.replace(/^\[|\]$/g, '')
    if (host === undefined || told.has(host) || told.size >= MAX_HOSTS || isReachable(host)) return undefined
    told.add(host)
    warn(host)
    return undefined
  }
}
