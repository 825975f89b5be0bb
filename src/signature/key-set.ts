import { createHash } from 'node:crypto'
import type { PublicKey } from './public-key.ts'

/** The keys that a rule trusts; `id` is the same for the same keys in any order. */
export interface KeySet {
  readonly id: string
  readonly keys: readonly PublicKey[]
}

export function createKeySet(keys: readonly PublicKey[]): KeySet {
  const byFingerprint = new Map(keys.map(key => [key.fingerprint, key]))
  const id = createHash('sha256').update([...byFingerprint.keys()].sort().join('\n'))
  return { id: id.digest('hex'), keys: [...byFingerprint.values()] }
}
