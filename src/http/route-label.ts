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

const REGISTRY_ROUTES: readonly (readonly [pattern: RegExp, label: RouteLabel])[] = [
  [/^\/v2\/?$/, 'base'],
  [/^\/v2\/_catalog$/, 'catalog'],
  [/\/blobs\/uploads\/[^/]*$/, 'upload'],
  [/\/manifests\/[^/]+$/, 'manifest'],
  [/\/blobs\/[^/]+$/, 'blob'],
  [/\/tags\/list$/, 'tags'],
  [/\/referrers\/[^/]+$/, 'referrers'],
]

/** The label of a path without its query. A guess by shape only; nothing is decided by it. */
export function routeLabel(path: string, tokenPaths: readonly string[]): RouteLabel {
  if (tokenPaths.includes(path)) return 'token'
  if (path === '/livez') return 'health'
  if (!path.startsWith('/v2')) return 'other'
  return REGISTRY_ROUTES.find(([pattern]) => pattern.test(path))?.[1] ?? 'other'
}
