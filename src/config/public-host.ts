import { isIP } from 'node:net'

/** Top-level domains that no public authority issues for: RFC 6761, 6762, 7686, 8375, 9476, ICANN's `internal`, and habit. */
const PRIVATE = new Set([
  'alt',
  'arpa',
  'corp',
  'example',
  'home',
  'internal',
  'intranet',
  'invalid',
  'lan',
  'local',
  'localdomain',
  'localhost',
  'onion',
  'private',
  'test',
])

/** Whether a public certificate authority may issue for this host name; false for IP addresses, which need a profile. */
export function isPublicHost(host: string): boolean {
  const labels = host.toLowerCase().split('.')
  return isIP(host) === 0 && labels.length > 1 && !PRIVATE.has(labels.at(-1) ?? '')
}
