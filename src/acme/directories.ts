import { createHash } from 'node:crypto'

interface PublicAuthority {
  readonly directory: string
  /** Directory of its test stage. */
  readonly staging?: string
}

const PUBLIC: Readonly<Record<string, PublicAuthority>> = {
  letsencrypt: {
    directory: 'https://acme-v02.api.letsencrypt.org/directory',
    staging: 'https://acme-staging-v02.api.letsencrypt.org/directory',
  },
  zerossl: { directory: 'https://acme.zerossl.com/v2/DV90' },
  google: {
    directory: 'https://dv.acme-v02.api.pki.goog/directory',
    staging: 'https://dv.acme-v02.test-api.pki.goog/directory',
  },
}

/** Paths that need not be told apart in an authority's id. */
const USUAL_PATHS = ['/directory', '/dir']

/** URL of a directory that is named by a word (`letsencrypt`, `zerossl`, `google`) or by its URL. */
export function directoryUrl(name: string): string {
  return PUBLIC[name]?.directory ?? name
}

/** URL of the test stage of the authority with this directory; `undefined` when it has none that we know. */
export function stagingDirectory(directory: string): string | undefined {
  return Object.values(PUBLIC).find(authority => authority.directory === directory)?.staging
}

/** Whether clients everywhere trust what the authority with this directory issues. Test stages are not public. */
export function isPublicAuthority(directory: string): boolean {
  return Object.values(PUBLIC).some(authority => authority.directory === directory)
}

/**
 * Short name of the authority with this directory, safe as a file name and a label: `letsencrypt`,
 * `letsencrypt-staging`, `ca.example.com_9000`, `ca.example.com-1f3a5c7e` for an unusual path.
 */
export function authorityId(directory: string): string {
  for (const [word, authority] of Object.entries(PUBLIC)) {
    if (authority.directory === directory) return word
    if (authority.staging === directory) return `${word}-staging`
  }
  const url = new URL(directory)
  const host = url.host.toLowerCase().replace(/[^a-z0-9.-]/g, '_')
  const path = `${url.pathname}${url.search}`
  if (USUAL_PATHS.includes(path)) return host
  return `${host}-${createHash('sha256').update(path).digest('hex').slice(0, 8)}`
}
