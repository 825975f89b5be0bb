import { isIPv4, isIPv6 } from 'node:net'

/** An address; IPv4-mapped IPv6 counts as IPv4. */
export interface IpAddress {
  readonly family: 4 | 6
  readonly value: bigint
}

/** A block of addresses of one family: those whose upper bits, down to `hostBits`, are `prefix`. */
export interface IpNetwork {
  readonly family: 4 | 6
  readonly prefix: bigint
  readonly hostBits: bigint
}

/** Upper 96 bits of ::ffff:0:0/96. */
const MAPPED_PREFIX = 0xffffn

/** The address that `text` denotes; `undefined` for anything else, also with a port or a zone. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 4, value: valueOfV4(text) }
  if (!isIPv6(text) || text.includes('%')) return undefined
  const value = valueOfV6(text)
  if (value >> 32n === MAPPED_PREFIX) return { family: 4, value: BigInt.asUintN(32, value) }
  return { family: 6, value }
}

/**
 * The network that `text` denotes, an address or `address/prefix-length`; host bits may be set.
 * `undefined` for ranges, netmasks, globs, zones and leading zeros in IPv4.
 * Spec: Go `net.ParseIP`, `net.ParseCIDR`.
 */
export function parseIpNetwork(text: string): IpNetwork | undefined {
  const slash = text.indexOf('/')
  if (slash === -1) {
    const address = parseIpAddress(text)
    return address && { family: address.family, prefix: address.value, hostBits: 0n }
  }
  const base = text.slice(0, slash)
  const length = parsePrefixLength(text.slice(slash + 1))
  if (length === undefined || base.includes('%')) return undefined
  if (isIPv4(base)) return networkOf({ family: 4, bits: 32, value: valueOfV4(base), length })
  if (isIPv6(base)) return networkOf({ family: 6, bits: 128, value: valueOfV6(base), length })
  return undefined
}

/** Whether `address` lies in `network`. An IPv4 address is in no IPv6 network, not even `::/0`. */
export function isInNetwork(network: IpNetwork, address: IpAddress): boolean {
  return address.family === network.family && address.value >> network.hostBits === network.prefix
}

function parsePrefixLength(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined
}

interface Block {
  readonly family: 4 | 6
  readonly bits: number
  readonly value: bigint
  readonly length: number
}

function networkOf({ family, bits, value, length }: Block): IpNetwork | undefined {
  if (length > bits) return undefined
  const hostBits = BigInt(bits - length)
  const prefix = value >> hostBits
  if (family === 6 && length >= 96 && value >> 32n === MAPPED_PREFIX) {
    return { family: 4, prefix: BigInt.asUintN(length - 96, prefix), hostBits }
  }
  return { family, prefix, hostBits }
}

function valueOfV4(text: string): bigint {
  return text.split('.').reduce((value, octet) => (value << 8n) | BigInt(octet), 0n)
}

function valueOfV6(text: string): bigint {
  const [head = '', tail] = text.split('::')
  const upper = groupsOf(head)
  const lower = tail === undefined ? [] : groupsOf(tail)
  const zeros = Array.from({ length: 8 - upper.length - lower.length }, () => 0n)
  return [...upper, ...zeros, ...lower].reduce((value, group) => (value << 16n) | group, 0n)
}

function groupsOf(text: string): readonly bigint[] {
  if (text === '') return []
  return text.split(':').flatMap(group => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)]
    const value = valueOfV4(group)
    return [value >> 16n, value & 0xffffn]
  })
}
