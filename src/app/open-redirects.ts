import { isReachableHost } from '../config/advice-on-redirects.ts'
import { isPublicHost } from '../config/public-host.ts'
import { domainHosts } from '../config/resolve-tls.ts'
import type { Config } from '../config/schema.ts'
import type { Log } from '../model/ports.ts'
import { createRedirectFollower } from '../upstream/follow-redirect.ts'
import type { OnRedirect } from '../upstream/forward.ts'
import { createRedirectHosts } from '../upstream/redirect-hosts.ts'
import { createUnreachableWarning } from '../upstream/unreachable-redirects.ts'

/** What is done about answers of the registry that lead to its storage. */
export function openRedirects(
  { registry, domains }: Config,
  log: Log,
): {
  readonly onRedirect?: OnRedirect
  readonly mayFollow?: (url: URL) => boolean
  close(): Promise<void>
} {
  if (registry.redirects === 'follow') {
    const mayFollow = createRedirectHosts(registry.redirect_hosts)
    return { ...createRedirectFollower(mayFollow), mayFollow }
  }
  const close = async () => undefined
  // Where only some can reach the registry, they may reach its storage as well.
  if (!domainHosts(domains).slice(0, 1).some(isPublicHost)) return { close }
  const onRedirect = createUnreachableWarning(isReachableHost, host =>
    log.warn('clients are sent to a storage that is not reachable from everywhere; see registry.redirects', {
      host,
    }),
  )
  return { onRedirect, close }
}
