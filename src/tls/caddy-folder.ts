/** Directories of the authorities that Caddy knows, which its folders name only in part. */
const KNOWN_DIRECTORIES = [
  'https://acme-v02.api.letsencrypt.org/directory',
  'https://acme-staging-v02.api.letsencrypt.org/directory',
  'https://acme.zerossl.com/v2/DV90',
  'https://dv.acme-v02.api.pki.goog/directory',
  'https://dv.acme-v02.test-api.pki.goog/directory',
  'https://api.buypass.com/acme/directory',
  'https://acme.ssl.com/sslcom-dv-ecc',
  'https://acme.ssl.com/sslcom-dv-rsa',
]

/** Name of the folder in which Caddy 2 keeps what an authority issued: `acme-v02.api.letsencrypt.org-directory`. */
export function caddyFolder(directory: string): string {
  const { host, pathname } = new URL(directory)
  const path = pathname.replace(/^\/|\/$/g, '')
  const name = path === '' ? host : `${host}-${path}`
  return name
    .toLowerCase()
    .replaceAll(/[:/\\]/g, '-')
    .replaceAll('+', '_plus_')
    .replaceAll(/[^\w@.-]/g, '')
}

/**
 * URL of the authority's directory; `undefined` when the folder does not tell. A folder of an unknown authority has
 * lost upper case and slashes, so it is only trusted as far as `resource`, a URL at the authority, confirms the host.
 */
export function directoryOf(
  folder: string,
  { known, resource }: { readonly known: readonly string[]; readonly resource: string | undefined },
): string | undefined {
  const match = [...known, ...KNOWN_DIRECTORIES].find(directory => caddyFolder(directory) === folder)
  if (match !== undefined || resource === undefined || !URL.canParse(resource)) return match
  const { origin } = new URL(resource)
  const prefix = `${caddyFolder(origin)}-`
  return folder.startsWith(prefix)
    ? `${origin}/${folder.slice(prefix.length).replaceAll('-', '/')}`
    : undefined
}
