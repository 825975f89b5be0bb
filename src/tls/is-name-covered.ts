import { isIP } from 'node:net'
import { canonicalAddress } from './key-pair.ts'

/** Whether one of `names` of a certificate stands for `name`, itself a host, a wildcard or an address (RFC 9525 §6.3). */
export function isNameCovered(name: string, names: readonly string[]): boolean {
  if (isIP(name) !== 0) return names.includes(canonicalAddress(name))
  const dot = name.indexOf('.')
  return names.includes(name) || (dot > 0 && names.includes(`*${name.slice(dot)}`))
}
