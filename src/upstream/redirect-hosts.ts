/**
 * Whether a URL leads to one of `patterns`: `HOST`, `*.SUFFIX`, or either with `:PORT`, in lower case; without a port the
 * usual one of its scheme. Only http and https, and never with a user.
 */
export function createRedirectHosts(patterns: readonly string[]): (url: URL) => boolean {
  const exact = new Set(patterns.filter(pattern => !pattern.startsWith('*.')))
  const suffixes = patterns.filter(pattern => pattern.startsWith('*.')).map(pattern => pattern.slice(1))
  return url => {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return false
    if (url.username !== '' || url.password !== '') return false
    // A URL does not keep the usual port of its scheme, a pattern may.
    const usual = `${url.hostname}:${url.protocol === 'https:' ? 443 : 80}`
    const names = url.port === '' ? [url.host, usual] : [url.host]
    return names.some(name => exact.has(name) || suffixes.some(suffix => name.endsWith(suffix)))
  }
}
