import { createHash } from 'node:crypto'

/** `sha256:` and the hash of `bytes`. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${hashOf(bytes, 'sha256')}`
}

/** Whether `digest`, of whichever registered algorithm, is that of `bytes`. */
export function isDigestOf(digest: string, bytes: Uint8Array): boolean {
  const algorithm = digest.startsWith('sha512:') ? 'sha512' : 'sha256'
  return digest === `${algorithm}:${hashOf(bytes, algorithm)}`
}

/** A digest for a sentence: the algorithm and its first twelve digits. */
export function shortDigest(digest: string): string {
  return digest.replace(/:([0-9a-f]{12}).*$/, ':$1')
}

function hashOf(bytes: Uint8Array, algorithm: 'sha256' | 'sha512'): string {
  return createHash(algorithm).update(bytes).digest('hex')
}
