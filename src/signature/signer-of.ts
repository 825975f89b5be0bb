import { verify } from 'node:crypto'
import type { KeySet } from './key-set.ts'
import type { PublicKey } from './public-key.ts'

/**
 * The key of `keys` that made `signature` over `message`; `undefined` when none did. ECDSA signatures are DER, RSA's are
 * PKCS #1 v1.5, as cosign makes them. Ed25519ph, which cosign 3 uses in its bundles, is not known here, nor to cosign 3
 * itself when it verifies.
 */
export function signerOf(
  message: Uint8Array,
  signature: Uint8Array,
  { keys }: KeySet,
): PublicKey | undefined {
  return keys.find(key => key.hashes.some(hash => isValid(key, hash, { message, signature })))
}

function isValid(
  { key }: PublicKey,
  hash: PublicKey['hashes'][number],
  { message, signature }: { readonly message: Uint8Array; readonly signature: Uint8Array },
): boolean {
  try {
    return verify(hash, message, key, signature)
  } catch {
    return false // OpenSSL rejects some malformed signatures by an error instead of an answer
  }
}
