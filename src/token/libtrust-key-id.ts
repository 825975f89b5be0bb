import { createHash, type KeyObject } from 'node:crypto'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * The key id by which registry 2.x finds the certificate of a token's key: the first 240 bits of the
 * SHA-256 of the SubjectPublicKeyInfo in base32, as twelve groups of four joined by colons.
 * Spec: docker/libtrust, "Key ID".
 */
export function libtrustKeyId(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const digest = createHash('sha256').update(spki).digest().subarray(0, 30)
  const bits = Array.from(digest, byte => byte.toString(2).padStart(8, '0')).join('')
  const letters = (bits.match(/.{5}/g) ?? []).map(five => BASE32.charAt(Number.parseInt(five, 2)))
  return (letters.join('').match(/.{4}/g) ?? []).join(':')
}
