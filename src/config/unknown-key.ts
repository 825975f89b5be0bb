import type { Fault, KeyPath } from './fault.ts'
import { nearest } from './nearest.ts'

/** A key that the schema does not have, and the keys that it has at that place. */
export interface UnknownKey {
  readonly path: KeyPath
  readonly key: string
  readonly known: readonly string[]
  readonly strict: boolean
  /** Whether the key has no value, which docker_auth reads as a section that is not there. */
  readonly isNull: boolean
}

/** Sections of docker_auth that would change who may do what, so they are never ignored. */
const UNAVAILABLE = new Set([
  'google_auth',
  'github_auth',
  'gitlab_auth',
  'oidc_auth',
  'ldap_auth',
  'mongo_auth',
  'xorm_auth',
  'plugin_authn',
  'acl_mongo',
  'acl_xorm',
  'plugin_authz',
  'token_db',
])
const CONDITIONS = new Set(['account', 'type', 'name', 'ip', 'service', 'labels'])

/**
 * What to say about an unknown key: an error in strict sections and at the top, a warning in docker_auth's
 * own sections, where docker_auth ignores it too. Sections not built yet are refused by name.
 */
export function unknownKey({ path, key, known, strict, isNull }: UnknownKey): Fault | undefined {
  if (path.length === 0 && UNAVAILABLE.has(key)) {
    if (isNull) return undefined
    const message = `${key} is not available in this version of landwaiter`
    return { severity: 'error', path, message, hint: 'remove it or keep docker_auth' }
  }
  const message = `unknown key ${JSON.stringify(key)}`
  if (path.length === 2 && path[0] === 'acl' && CONDITIONS.has(key)) {
    return { severity: 'error', path, message, hint: `a condition belongs under "match"` }
  }
  const hint = hintFor(key, known)
  const fault: Fault = { severity: strict ? 'error' : 'warning', path, message }
  return hint === undefined ? fault : { ...fault, hint }
}

function hintFor(key: string, known: readonly string[]): string | undefined {
  // YAML takes `account:"admin"` in flow style as one key without a value.
  const [, glued, value] = /^([A-Za-z_]+):(.+)$/.exec(key) ?? []
  if (glued !== undefined && known.includes(glued)) {
    return `missing space after the colon: write ${glued}: ${value}`
  }
  const candidate = nearest(key, known)
  if (candidate !== undefined) return `did you mean "${candidate}"?`
  return known.length <= 12 ? `the keys are ${known.join(', ')}` : undefined
}
