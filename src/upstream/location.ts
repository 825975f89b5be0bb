/**
 * A URL of the registry as the client must see it: `https://HOST` as the client typed it, path and query untouched.
 * URLs outside `/v2/` or on a host that is neither the client's nor the registry's (object storage) stay as they are.
 */
export function publicLocation(
  location: string,
  options: { readonly publicOrigin: string; readonly ownHosts: readonly string[] },
): string {
  const absolute = /^https?:\/\/([^/?#]+)(\/[^#]*)$/i.exec(location)
  if (absolute === null) return location.startsWith('/v2/') ? options.publicOrigin + location : location
  const [, host = '', rest = ''] = absolute
  const isOwn = options.ownHosts.includes(host.toLowerCase()) && rest.startsWith('/v2/')
  return isOwn ? options.publicOrigin + rest : location
}

/** `Link: <…>; rel="next"` with a path only, which is right on any public name. Spec: RFC 8288. */
export function publicLink(link: string): string {
  return link.replace(/<https?:\/\/[^/>]+(\/v2\/[^>]*)>/gi, '<$1>')
}
