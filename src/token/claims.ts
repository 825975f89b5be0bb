import type { ResourceActions } from '../model/access.ts'
import type { ExternalIdentity } from '../model/subject.ts'

/** Clients and registries whose clock is slow accept the token at once. */
const NOT_BEFORE_LEEWAY_SECONDS = 10

/** The claims of a token, in docker_auth's order. Times are whole seconds since the epoch. */
export interface TokenClaims {
  readonly iss: string
  /** The subject's name, `''` when anonymous. */
  readonly sub: string
  /** One service as a string: registry 2.x refuses a list. */
  readonly aud: string
  readonly exp: number
  readonly nbf: number
  readonly iat: number
  readonly jti: string
  readonly access: readonly ResourceActions[]
  /** Only for a subject whom the configuration does not know. */
  readonly landwaiter?: ExternalIdentity
}

/**
 * The claims for one token; `access` keeps its order and its entries without actions (denied scopes).
 * Spec: distribution docs/spec/auth/jwt.md.
 */
export function tokenClaims(grant: {
  readonly issuer: string
  readonly audience: string
  readonly subject: string
  readonly access: readonly ResourceActions[]
  readonly external?: ExternalIdentity | undefined
  readonly nowSeconds: number
  readonly ttlSeconds: number
  readonly id: string
}): TokenClaims {
  // The registry refuses fractions.
  const now = Math.floor(grant.nowSeconds)
  return {
    iss: grant.issuer,
    sub: grant.subject,
    aud: grant.audience,
    exp: now + Math.floor(grant.ttlSeconds),
    nbf: now - NOT_BEFORE_LEEWAY_SECONDS,
    iat: now,
    jti: grant.id,
    access: grant.access.map(({ type, name, actions }) => ({ type, name, actions })),
    ...(grant.external === undefined ? {} : { landwaiter: grant.external }),
  }
}
