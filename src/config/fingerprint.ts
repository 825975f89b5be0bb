import { createHash } from 'node:crypto'
import type { ConfigSource } from './load.ts'

const DIGITS = 16

/**
 * Which version of the configuration file this is: the first 16 hex digits of its SHA-256, so that it can be compared
 * with `sha256sum`. Files that it names are left out: a hash over a short secret would give it away.
 */
export function configFingerprint({ file, texts }: ConfigSource): string {
  return createHash('sha256')
    .update(texts[file] ?? '')
    .digest('hex')
    .slice(0, DIGITS)
}
