import { createHash, type KeyObject } from 'node:crypto'
import { type CompactJWSHeaderParameters, compactVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import type { ResourceActions } from '../model/access.ts'
import type { Clock } from '../model/ports.ts'
import type { ExternalIdentity } from '../model/subject.ts'
import type { TokenClaims } from './claims.ts'
import { parseClaims } from './parse-claims.ts'
import type { SigningKey } from './signing-key.ts'

const MAX_LENGTH = 32 * 1024
/** V8 hashes strings of more than 16 Ki characters by their length alone, so long tokens are kept by their SHA-256. */
const MAX_KEY_LENGTH = 4 * 1024
/** Of all remembered tokens together, in characters; tokens of many scopes are long. */
const MAX_CACHE_SIZE = 32 * 1024 * 1024
/** What is known of one token beside its text, about. */
const ENTRY_SIZE = 1024
/** Between processes that share a key; our own tokens are valid from ten seconds before they are made. */
const NOT_BEFORE_LEEWAY_SECONDS = 10

/** What a token of ours says; times in ms since the epoch. */
export interface TokenFacts {
  readonly subjectName: string
  /** Of a subject whom the configuration does not know. */
  readonly external?: ExternalIdentity
  readonly id: string
  readonly access: readonly ResourceActions[]
  readonly issuedAt: number
  readonly expiresAt: number
}

/** `expired` tokens are genuine in all but time: an upload begun earlier may finish with one. */
export type VerifiedToken =
  | ({ readonly outcome: 'valid' | 'expired' } & TokenFacts)
  | { readonly outcome: 'invalid'; readonly reason: string }

/** A genuine token, and the two answers that may be given about it. */
interface Genuine {
  readonly claims: TokenClaims
  readonly valid: VerifiedToken
  readonly expired: VerifiedToken
}

/** Never throws. `reason` is a part of a sentence that a client may read. */
export type VerifyToken = (token: string) => Promise<VerifiedToken>

/**
 * Verifies tokens that we issued: our keys by their ids, each with its one algorithm, issuer, audience and
 * times. Header fields that bring a key (`jwk`, `jku`, `x5c`) are not looked at.
 * The signature of a token is checked once and then remembered; all else every time.
 * Spec: RFC 7515, RFC 7519, RFC 8725.
 */
export function createTokenVerifier(options: {
  readonly keys: readonly SigningKey[]
  readonly issuer: string
  /** The services that are ours now. */
  readonly audiences: () => readonly string[]
  readonly clock: Clock
}): VerifyToken {
  const genuine = new LRUCache<string, Genuine>({
    maxSize: MAX_CACHE_SIZE,
  })

  async function read(token: string, key: string): Promise<Genuine | undefined> {
    const claims = await verifySignature(token, options.keys)
    if (claims === undefined) return undefined
    const said = facts(claims)
    const found = {
      claims,
      valid: { outcome: 'valid', ...said },
      expired: { outcome: 'expired', ...said },
    } as const
    genuine.set(key, found, { size: token.length + ENTRY_SIZE })
    return found
  }

  return async token => {
    if (token.length > MAX_LENGTH) return invalid('it is too long')
    const key = keyOf(token)
    const found = genuine.get(key) ?? (await read(token, key))
    if (found === undefined) return invalid('it is no token of this server')
    const { claims, valid, expired } = found
    if (claims.iss !== options.issuer) return invalid('it has another issuer')
    if (!options.audiences().includes(claims.aud)) return invalid('it is for another service')
    const now = options.clock() / 1000
    if (claims.nbf > now + NOT_BEFORE_LEEWAY_SECONDS) return invalid('it is not valid yet')
    return now < claims.exp ? valid : expired
  }
}

function keyOf(token: string): string {
  return token.length > MAX_KEY_LENGTH ? createHash('sha256').update(token).digest('base64') : token
}

async function verifySignature(token: string, keys: readonly SigningKey[]): Promise<TokenClaims | undefined> {
  const algorithms = [...new Set(keys.map(key => key.algorithm))]
  try {
    const { payload } = await compactVerify(token, header => keyFor(header, keys), { algorithms })
    return parseClaims(payload)
  } catch {
    // Whatever is wrong with it, it is not a token of ours; the text may be anything.
    return undefined
  }
}

function keyFor({ typ, alg, kid }: CompactJWSHeaderParameters, keys: readonly SigningKey[]): KeyObject {
  const key = keys.find(key => kid === key.kid || kid === key.thumbprint)
  if (typ !== 'JWT' || key === undefined || key.algorithm !== alg) throw new Error('not a key of ours')
  return key.publicKey
}

function facts({ sub, jti, access, iat, exp, landwaiter }: TokenClaims): TokenFacts {
  const common = { subjectName: sub, id: jti, access, issuedAt: iat * 1000, expiresAt: exp * 1000 }
  return landwaiter === undefined ? common : { ...common, external: landwaiter }
}

function invalid(reason: string): VerifiedToken {
  return { outcome: 'invalid', reason }
}
