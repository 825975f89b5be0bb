/** What a path is about, for the metrics; the list is closed so that labels stay few. */
export type RouteLabel =
  | 'base'
  | 'manifest'
  | 'blob'
  | 'upload'
  | 'tags'
  | 'catalog'
  | 'referrers'
  | 'token'
  | 'health'
  | 'other'

const LABEL_OF_WORD: ReadonlyMap<string, RouteLabel> = new Map([
  ['manifests', 'manifest'],
  ['blobs', 'blob'],
  ['referrers', 'referrers'],
])

/** The label of a path without its query. A guess by shape only; nothing is decided by it. */
export function routeLabel(path: string, tokenPaths: readonly string[]): RouteLabel {
  if (tokenPaths.includes(path)) return 'token'
  if (path === '/livez') return 'health'
  if (!path.startsWith('/v2')) return 'other'
  if (path === '/v2' || path === '/v2/') return 'base'
  if (path === '/v2/_catalog') return 'catalog'
  const slash = path.lastIndexOf('/')
  const head = path.slice(0, slash)
  if (head.endsWith('/blobs/uploads')) return 'upload'
  const word = head.slice(head.lastIndexOf('/') + 1)
  if (word === 'tags') return path.endsWith('/tags/list') ? 'tags' : 'other'
  return (slash + 1 < path.length && LABEL_OF_WORD.get(word)) || 'other'
}
