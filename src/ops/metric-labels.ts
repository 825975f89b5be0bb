/** Kind of endpoint, as metrics tell them apart. */
export type Route = (typeof ROUTES)[number]

export const ROUTES = [
  'base',
  'manifest',
  'blob',
  'upload',
  'tags',
  'catalog',
  'referrers',
  'token',
  'health',
  'other',
] as const

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** Actions of an access request (distribution docs/spec/auth/scope.md). */
export const ACCESS_ACTIONS = ['pull', 'push', 'delete', '*'] as const

export const AUTHN_OUTCOMES = ['authenticated', 'rejected', 'unknown', 'unavailable', 'throttled'] as const
export const GRANTS = [
  'anonymous',
  'basic',
  'password',
  'certificate',
  'refresh_token',
  'authorization_code',
] as const

/** `value` when the closed list holds it, else `other`. */
export function oneOf(list: readonly string[], value: string): string {
  return list.includes(value) ? value : 'other'
}

/** Label of an HTTP status code. */
export function statusLabel(code: number): string {
  return Number.isInteger(code) && code >= 100 && code <= 599 ? String(code) : 'other'
}

/** Most names of one kind that become label values. */
export const NAMES_MAX = 64

const NAME_LENGTH_MAX = 256

/** A label for names from the configuration: the first `limit` distinct ones, `other` for all later ones. */
export function createNameLabel(limit: number): (name: string) => string {
  const known = new Set<string>()
  return name => {
    if (known.has(name)) return name
    if (known.size >= limit || name.length > NAME_LENGTH_MAX) return 'other'
    known.add(name)
    return name
  }
}
