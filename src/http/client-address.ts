import { isIP } from 'node:net'
import { trustList, unmapped } from './trust-list.ts'

/** Where to read the client's address from when the TCP peer is a proxy that we trust. */
export interface ClientAddressOptions {
  /** Addresses and CIDR ranges, valid ones only. */
  readonly trustedProxies: readonly string[]
  /** docker_auth's `real_ip_header` and `real_ip_pos`. */
  readonly realIp?: { readonly header: string; readonly position: number } | undefined
  /** Believe the header from any peer, as docker_auth does; only behind a listener without TLS. */
  readonly trustAll?: boolean
}

/** The client's address, or the reason why it cannot be told. `isProxied`: a proxy that we trust is the TCP peer. */
export type ClientAddress = { readonly ip: string; readonly isProxied: boolean } | { readonly fault: string }

/**
 * A function from the TCP peer and the headers to the client's address.
 * Headers of a peer that is not trusted are ignored; among X-Forwarded-For the rightmost untrusted counts.
 */
export function createClientAddress(
  options: ClientAddressOptions,
): (peer: string, headers: Readonly<Record<string, string | string[] | undefined>>) => ClientAddress {
  const trusted = trustList(options.trustedProxies)
  const isTrusted = (ip: string) => options.trustAll === true || trusted(ip)
  return (peer, headers) => {
    const peerIp = unmapped(peer)
    if (!isTrusted(peerIp)) return { ip: peerIp, isProxied: false }
    const { realIp } = options
    if (realIp !== undefined) return fromRealIpHeader(headers[realIp.header.toLowerCase()], realIp.position)
    const forwarded = listOf(headers['x-forwarded-for']).map(withoutPort)
    // What stands left of an entry that no proxy of ours wrote is the client's own invention.
    const client = forwarded.findLast(ip => !trusted(ip))
    return { ip: client !== undefined && isIP(client) !== 0 ? unmapped(client) : peerIp, isProxied: true }
  }
}

/** `position` counts from 0, negative from the end and clamped to the first (docker_auth). */
function fromRealIpHeader(value: string | string[] | undefined, position: number): ClientAddress {
  const entries = listOf(value)
  const index = position < 0 ? Math.max(0, entries.length + position) : position
  const entry = entries[index]
  if (entry === undefined || entry === '') return { fault: 'client address not provided' }
  const ip = withoutPort(entry)
  if (isIP(ip) === 0 || ip.includes('%')) return { fault: 'client address is not an IP address' }
  return { ip: unmapped(ip), isProxied: true }
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return []
  const text = Array.isArray(value) ? value.join(',') : value
  return text.split(',').map(part => part.trim())
}

/** `1.2.3.4:80` and `[::1]:80` lose their port. */
function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)
  if (bracketed?.[1] !== undefined) return bracketed[1]
  const v4 = /^([\d.]+):\d+$/.exec(text)
  return v4?.[1] ?? text
}
