/** The names that we answer for; both may carry a port, as `registry.example.com:8443`. */
export interface Domains {
  readonly registry?: string | undefined
  readonly auth?: string | undefined
}

/** What a request's Host is to us. */
export type HostRole = 'registry' | 'auth' | 'foreign'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** A host without its port, in lower case. */
export function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '')
}

/**
 * Tells the role of a Host header. Without any domain every host is the registry's, but there must be one, since our
 * answers name it; `localhost` means loopback.
 */
export function createHostRole(domains: Domains): (host: string) => HostRole {
  const registry = namesOf(domains.registry)
  const auth = namesOf(domains.auth)
  return host => {
    const name = hostName(host)
    if (name === '') return 'foreign'
    if (registry.length === 0 && auth.length === 0) return 'registry'
    if (registry.includes(name)) return 'registry'
    if (!auth.includes(name)) return 'foreign'
    return registry.length === 0 ? 'registry' : 'auth'
  }
}

/**
 * The realm URL for a client that typed `host`: on the auth domain when there is one, else on the same host and
 * port, so that any published port works. The client's port is kept: both names are behind the same listener.
 */
export function realmUrl(
  { auth }: Domains,
  { scheme, path }: { readonly scheme: 'http' | 'https'; readonly path: string },
  host: string,
): string {
  if (auth === undefined) return `${scheme}://${host}${path}`
  const port = /:\d+$/.exec(host)?.[0] ?? ''
  return `${scheme}://${/:\d+$/.test(auth) ? auth : auth + port}${path}`
}

function namesOf(domain: string | undefined): readonly string[] {
  if (domain === undefined) return []
  const name = hostName(domain)
  return name === 'localhost' ? LOOPBACK : [name]
}
