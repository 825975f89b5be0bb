import { isIPv4, isIPv6 } from 'node:net'

/** An address; IPv4-mapped IPv6 counts as IPv4. */
export type IpAddress =
  | { readonly family: 4; readonly value: number }
  | { readonly family: 6; readonly value: bigint }

/** A block of addresses of one family, from `first` to `last`. */
export type IpNetwork =
  | { readonly family: 4; readonly first: number; readonly last: number }
  | { readonly family: 6; readonly first: bigint; readonly last: bigint }

/** Upper 96 bits of ::ffff:0:0/96. */
const MAPPED_PREFIX = 0xffffn

/** The address that `text` denotes; `undefined` for anything else, also with a port or a zone. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 4, value: valueOfV4(text) }
  if (!isIPv6(text) || text.includes('%')) return undefined
  const value = valueOfV6(text)
  if (value >> 32n === MAPPED_PREFIX) return { family: 4, value: Number(BigInt.asUintN(32, value)) }
  return { family: 6, value }
}

/**
 * The network that `text` denotes, an address or `address/prefix-length`; host bits may be set.
 * `undefined` for ranges, netmasks, globs, zones and leading zeros in IPv4.
 * Spec: Go `net.ParseIP`, `net.ParseCIDR`.
 */
export function parseIpNetwork(text: string): IpNetwork | undefined {
  const slash = text.indexOf('/')
  if (slash === -1) return singleton(parseIpAddress(text))
  const base = text.slice(0, slash)
  const length = parsePrefixLength(text.slice(slash + 1))
  if (length === undefined || base.includes('%')) return undefined
  if (isIPv4(base)) return networkOfV4(valueOfV4(base), length)
  return isIPv6(base) ? networkOfV6(valueOfV6(base), length) : undefined
}

/** Whether `address` lies in `network`. An IPv4 address is in no IPv6 network, not even `::/0`. */
export function isInNetwork(network: IpNetwork, { family, value }: IpAddress): boolean {
  return family === network.family && network.first <= value && value <= network.last
}

/** Whether every address of `inner` lies in `outer`. */
export function isSubnet(inner: IpNetwork, outer: IpNetwork): boolean {
  return inner.family === outer.family && outer.first <= inner.first && inner.last <= outer.last
}

function singleton(address: IpAddress | undefined): IpNetwork | undefined {
  if (address === undefined) return undefined
  if (address.family === 4) return { family: 4, first: address.value, last: address.value }
  return { family: 6, first: address.value, last: address.value }
}

function parsePrefixLength(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined
}

function networkOfV4(value: number, length: number): IpNetwork | undefined {
  if (length > 32) return undefined
  const size = 2 ** (32 - length)
  const first = value - (value % size)
  return { family: 4, first, last: first + size - 1 }
}

function networkOfV6(value: bigint, length: number): IpNetwork | undefined {
  if (length > 128) return undefined
  if (length >= 96 && value >> 32n === MAPPED_PREFIX) {
    return networkOfV4(Number(BigInt.asUintN(32, value)), length - 96)
  }
  const hostBits = BigInt(128 - length)
  const first = (value >> hostBits) << hostBits
  return { family: 6, first, last: first + (1n << hostBits) - 1n }
}

function valueOfV4(text: string): number {
  return text.split('.').reduce((value, octet) => value * 256 + Number(octet), 0)
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
    const value = BigInt(valueOfV4(group))
    return [value >> 16n, value & 0xffffn]
  })
}
