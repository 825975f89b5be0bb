import { isIP } from 'node:net'
import { canonicalAddress } from './key-pair.ts'

/** Names of one server certificate; `id` is a file name that no host name can collide with. */
export interface LeafNames {
  readonly id: string
  readonly dns: readonly string[]
  readonly ip: readonly string[]
}

const LOOPBACK = ['127.0.0.1', '::1'] as const

/**
 * One certificate per domain, the default one first. All addresses share one certificate, which is the default:
 * a client that connects by address sends no server name (RFC 6066 §3). `localhost` brings its addresses along.
 */
export function leafNames(domains: readonly string[]): readonly LeafNames[] {
  const unique = [...new Set(domains.map(domain => domain.toLowerCase()))]
  const names = unique.filter(domain => isIP(domain) === 0)
  const loopback = names.includes('localhost') ? LOOPBACK : []
  const addresses = unique.filter(domain => isIP(domain) !== 0).map(canonicalAddress)
  const addressLeaf = { id: '_addresses', dns: [], ip: [...new Set([...addresses, ...loopback])] }
  return [
    ...(addresses.length === 0 ? [] : [addressLeaf]),
    ...names.map(name => ({
      id: encodeURIComponent(name),
      dns: [name],
      ip: name === 'localhost' ? LOOPBACK : [],
    })),
  ]
}
