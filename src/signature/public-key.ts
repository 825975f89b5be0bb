import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

/** Shorter keys can be factored, or soon will be (NIST SP 800-131A rev. 2). */
const MIN_RSA_BITS = 2048
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g

/** What a key's signatures may be made with; `null` is the algorithm's own way, for Ed25519. */
type Hash = 'sha256' | 'sha384' | 'sha512' | null

/** A key that signatures are checked with. */
export interface PublicKey {
  readonly key: KeyObject
  readonly hashes: readonly Hash[]
  /** `sha256:` and 64 hex digits of the key's SubjectPublicKeyInfo; cosign writes the same in base64 as its hint. */
  readonly fingerprint: string
}

/** Keys, or why there are none. */
export type ParsedKeys = { readonly keys: readonly PublicKey[] } | { readonly fault: string }

/**
 * The public keys of a PEM text, of which there must be one at least: ECDSA on P-256, P-384 or P-521, RSA of 2048 bits
 * or more, Ed25519. Never throws.
 */
export function parsePublicKeys(pem: string): ParsedKeys {
  const keys: PublicKey[] = []
  for (const [block, label = ''] of pem.matchAll(BLOCK)) {
    const result = parseBlock(block, label)
    if (typeof result === 'string') return { fault: result }
    keys.push(result)
  }
  return keys.length === 0 ? { fault: 'holds no public key in PEM form' } : { keys }
}

function parseBlock(block: string, label: string): PublicKey | string {
  if (label.includes('PRIVATE')) return 'holds a private key; give the public one, cosign.pub'
  // Node would take the key out of a certificate, whose dates and issuer nobody here checks.
  if (label !== 'PUBLIC KEY' && label !== 'RSA PUBLIC KEY') return `holds a ${label}, not a PUBLIC KEY`
  const key = readKey(block)
  if (key === undefined) return 'holds a public key that cannot be read'
  const hashes = hashesFor(key)
  if (typeof hashes === 'string') return hashes
  const spki = key.export({ type: 'spki', format: 'der' })
  return { key, hashes, fingerprint: `sha256:${createHash('sha256').update(spki).digest('hex')}` }
}

function readKey(block: string): KeyObject | undefined {
  try {
    return createPublicKey(block)
  } catch {
    return undefined // OpenSSL's codes say no more
  }
}

/** cosign 2 signs with SHA-256 whatever the key, cosign 3 with the hash of the key's own strength. */
function hashesFor(key: KeyObject): readonly Hash[] | string {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return [null]
    case 'rsa':
      if (modulusLength >= MIN_RSA_BITS) return ['sha256', 'sha384', 'sha512']
      return `holds an RSA key of ${modulusLength} bits; at least ${MIN_RSA_BITS} are needed`
    case 'ec':
      return HASHES_BY_CURVE.get(namedCurve) ?? `holds a key on the curve ${namedCurve}; ${SUPPORTED}`
    default:
      return `holds a key of type ${key.asymmetricKeyType}; ${SUPPORTED}`
  }
}

const SUPPORTED = 'use ECDSA on P-256, P-384 or P-521, RSA or Ed25519'
const HASHES_BY_CURVE: ReadonlyMap<string, readonly Hash[]> = new Map([
  ['prime256v1', ['sha256']],
  ['secp384r1', ['sha384', 'sha256']],
  ['secp521r1', ['sha512', 'sha256']],
])
