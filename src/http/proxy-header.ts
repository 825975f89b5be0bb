import { isIPv4, isIPv6 } from 'node:net'

/**
 * What the first bytes of a connection are: a header of `length` bytes with the address of the client behind the
 * proxy, none of either when the proxy speaks for itself; too few bytes yet; or no header, with the reason.
 */
export type ProxyHeader =
  | { readonly outcome: 'header'; readonly length: number; readonly source?: string }
  | { readonly outcome: 'incomplete' }
  | { readonly outcome: 'invalid'; readonly reason: string }

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const V1_PREFIX = Buffer.from('PROXY ')
/** With its line end. */
const V1_MAX_BYTES = 107
const V2_FIXED_BYTES = 16
/** The specification promises 536; the rest is room for what proxies add, such as certificates' names. */
const V2_MAX_BYTES = 4_096

const INCOMPLETE: ProxyHeader = { outcome: 'incomplete' }

/**
 * Reads a header of the PROXY protocol, version 1 or 2, at the start of `bytes`. Never throws.
 * Spec: haproxy doc/proxy-protocol.txt §2.1, §2.2.
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsWith(bytes, SIGNATURE)) return bytes.length < V2_FIXED_BYTES ? INCOMPLETE : parseV2(bytes)
  if (startsWith(bytes, V1_PREFIX)) return parseV1(bytes)
  return invalid('it is not a PROXY header')
}

/** Whether `bytes` begin with `start`, as far as they go. */
function startsWith(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.subarray(0, length).equals(start.subarray(0, length))
}

function parseV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf('\r\n')
  if (end < 0) return bytes.length < V1_MAX_BYTES ? INCOMPLETE : invalid('its line does not end')
  const length = end + 2
  const fields = bytes.subarray(0, end).toString('latin1').split(' ')
  const [, family = '', source = '', destination = '', ...ports] = fields
  if (family === 'UNKNOWN') return { outcome: 'header', length }
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIPv6 : undefined
  if (isAddress === undefined) return invalid('its protocol is not TCP4, TCP6 or UNKNOWN')
  if (!isAddress(source) || !isAddress(destination))
    return invalid(`its addresses are not those of ${family}`)
  if (ports.length !== 2 || !ports.every(isPort)) return invalid('its ports are not two numbers')
  return { outcome: 'header', length, source: canonical(source) }
}

function parseV2(bytes: Buffer): ProxyHeader {
  const versionAndCommand = bytes.readUInt8(12)
  const familyAndProtocol = bytes.readUInt8(13)
  const length = V2_FIXED_BYTES + bytes.readUInt16BE(14)
  if (versionAndCommand !== 0x20 && versionAndCommand !== 0x21)
    return invalid('its version or command is unknown')
  if (length > V2_MAX_BYTES) return invalid(`it is longer than ${V2_MAX_BYTES} bytes`)
  if (bytes.length < length) return INCOMPLETE
  if (versionAndCommand === 0x20) return { outcome: 'header', length }
  return addressedV2(familyAndProtocol, bytes.subarray(V2_FIXED_BYTES, length), length)
}

function addressedV2(familyAndProtocol: number, addresses: Buffer, length: number): ProxyHeader {
  switch (familyAndProtocol) {
    case 0x11:
      if (addresses.length < 12) return invalid('its addresses are cut short')
      return { outcome: 'header', length, source: addresses.subarray(0, 4).join('.') }
    case 0x21:
      if (addresses.length < 36) return invalid('its addresses are cut short')
      return { outcome: 'header', length, source: canonical(groups(addresses.subarray(0, 16))) }
    case 0x31:
      return addresses.length < 216 ? invalid('its addresses are cut short') : { outcome: 'header', length }
    case 0x00:
      return { outcome: 'header', length }
    default:
      return invalid('its protocol is not a stream')
  }
}

function groups(address: Buffer): string {
  return Array.from({ length: 8 }, (_, i) => address.readUInt16BE(2 * i).toString(16)).join(':')
}

/** IPv6 in its shortest form, and IPv4 in it as IPv4. */
function canonical(address: string): string {
  if (isIPv4(address)) return address
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(short)
  if (mapped === null) return short
  return mapped
    .slice(1)
    .map(group => Number.parseInt(group, 16))
    .flatMap(group => [group >> 8, group & 0xff])
    .join('.')
}

/** Without a zone. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

function invalid(reason: string): ProxyHeader {
  return { outcome: 'invalid', reason }
}
