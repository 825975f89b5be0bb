import { type KeyObject, randomBytes, sign } from 'node:crypto'
import type { ResourceActions } from '../model/access.ts'
import type { Clock } from '../model/ports.ts'
import type { ExternalIdentity } from '../model/subject.ts'
import { tokenClaims } from './claims.ts'
import type { SigningKey } from './signing-key.ts'

/** What a token is to say. */
export interface Grant {
  /** The subject's name, `''` when anonymous. */
  readonly subject: string
  /** The service that the token is for. */
  readonly audience: string
  readonly access: readonly ResourceActions[]
  /** What a later request must know of a subject whom the configuration does not know. */
  readonly external?: ExternalIdentity | undefined
}

/** `expiresAt` in ms since the epoch. */
export interface IssuedToken {
  readonly token: string
  readonly id: string
  readonly expiresAt: number
  readonly expiresInSeconds: number
}

export interface TokenIssuer {
  issue(grant: Grant): Promise<IssuedToken>
}

/**
 * Issues tokens that registry 2.8 and 3 accept: `kid` always, and the certificate as `x5c` when it is
 * valid for the token's whole life (a registry refuses an expired one, but finds the key by its id).
 * Spec: RFC 7515, RFC 7519; distribution docs/spec/auth/jwt.md.
 */
export function createTokenIssuer(options: {
  readonly key: SigningKey
  readonly issuer: string
  readonly ttlSeconds: number
  readonly clock: Clock
  /** Default true: libtrust's key id (registry 2.x); false: RFC 7638's (3.1 and newer, by id alone). */
  readonly legacyKeyId?: boolean
  /** Default true; false for a registry 3 that knows the key from a JWKS file and refuses `x5c`. */
  readonly embedCertificate?: boolean
}): TokenIssuer {
  const { key, issuer, ttlSeconds, clock, legacyKeyId = true, embedCertificate = true } = options
  const header = { typ: 'JWT', alg: key.algorithm, kid: legacyKeyId ? key.kid : key.thumbprint }
  const headerWithId = encode(header)
  const headerWithCertificate = encode({ ...header, x5c: [key.x5c] })
  const signature = signer(key)

  async function issue(grant: Grant): Promise<IssuedToken> {
    const now = clock()
    const id = randomBytes(16).toString('base64url')
    const claims = tokenClaims({ ...grant, issuer, ttlSeconds, id, nowSeconds: now / 1000 })
    const expiresAt = claims.exp * 1000
    const isCertified = embedCertificate && key.notBefore <= now && expiresAt < key.notAfter
    const signed = `${isCertified ? headerWithCertificate : headerWithId}.${encode(claims)}`
    const token = `${signed}.${(await signature(Buffer.from(signed))).toString('base64url')}`
    return { token, id, expiresAt, expiresInSeconds: claims.exp - claims.iat }
  }

  return { issue }
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function signer({ algorithm, privateKey }: SigningKey): (data: Buffer) => Buffer | Promise<Buffer> {
  const hash = `sha${algorithm.slice(2)}`
  // RFC 7518 §3.4: r and s side by side, not DER. RSA ignores it.
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
  // P-256 takes 0.05 ms, less than the way to another thread; RSA and the longer curves take up to 2 ms.
  if (algorithm === 'ES256') return data => sign(hash, data, key)
  return data => signInThread(hash, data, key)
}

function signInThread(
  hash: string,
  data: Buffer,
  key: { readonly key: KeyObject; readonly dsaEncoding: 'ieee-p1363' },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign(hash, data, key, (error, signature) => (error === null ? resolve(signature) : reject(error)))
  })
}
