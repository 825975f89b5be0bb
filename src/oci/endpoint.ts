/** Which endpoint a path belongs to, its parts not yet checked against their grammars. */
export type Endpoint =
  | { readonly kind: 'ping' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'referrers'; readonly name: string; readonly digest: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: string }
  | { readonly kind: 'blob'; readonly name: string; readonly digest: string }
  | { readonly kind: 'uploads'; readonly name: string }
  | { readonly kind: 'session'; readonly name: string; readonly session: string }

/**
 * Endpoint of a path under `/v2`, or undefined when there is none.
 * Matches from the right: `manifests`, `blobs`, `tags` and so on may also be parts of a name.
 * Spec: OCI distribution-spec 1.1, "Endpoints".
 */
export function findEndpoint(path: string): Endpoint | undefined {
  if (path === '/v2/') return { kind: 'ping' }
  if (!path.startsWith('/v2/')) return undefined
  if (path === '/v2/_catalog') return { kind: 'catalog' }
  const segments = path.slice('/v2/'.length).split('/')
  const last = segments.pop() ?? ''
  const word = segments.pop()
  if (word === 'uploads') return findUpload(segments, last)
  if (segments.length === 0 || last === '') return undefined
  const name = segments.join('/')
  switch (word) {
    case 'tags':
      return last === 'list' ? { kind: 'tags', name } : undefined
    case 'referrers':
      return { kind: 'referrers', name, digest: last }
    case 'manifests':
      return { kind: 'manifest', name, reference: last }
    case 'blobs':
      // Without its closing slash the start of an upload is a page that does not exist.
      return last === 'uploads' ? undefined : { kind: 'blob', name, digest: last }
    default:
      return undefined
  }
}

function findUpload(segments: readonly string[], session: string): Endpoint | undefined {
  if (segments.length < 2 || segments.at(-1) !== 'blobs') return undefined
  const name = segments.slice(0, -1).join('/')
  return session === '' ? { kind: 'uploads', name } : { kind: 'session', name, session }
}
