import { isIP, SocketAddress } from 'node:net'
import type { Parsed } from './schema-kit.ts'

/** Where to listen; without `host` on every address. Port 0 lets the system choose. */
export interface ListenAddress {
  readonly host?: string
  readonly port: number
}

/** The registry behind us: `origin` and `host` without brackets for TCP, else a socket's path. */
export type UpstreamAddress =
  | { readonly kind: 'tcp'; readonly origin: string; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

const HOST_PORT = /^(?:\[([^[\]]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/
const LABELS = /^(?!\d+$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/
const MAX_PORT = 65_535

/** What a listener's address looks like. */
export const LISTENER = 'must be HOST:PORT, :PORT or off'

/** `HOST:PORT`, `:PORT` or `[IPv6]:PORT`. */
export function parseListenAddress(text: string): Parsed<ListenAddress> {
  const [, v6, name, digits] = HOST_PORT.exec(text) ?? []
  const host = v6 ?? name ?? ''
  const port = Number(digits)
  const isHost = v6 === undefined ? host === '' || isIP(host) === 4 || isHostname(host) : isIP(v6) === 6
  if (digits === undefined || port > MAX_PORT || !isHost) {
    const fault = LISTENER
    return /^\d+$/.test(text) ? { fault, hint: `write ":${text}"` } : { fault }
  }
  return { value: host === '' ? { port } : { host, port } }
}

/** A host name or IP address with an optional port, in lower case; IPv6 in brackets and as RFC 5952 writes it. */
export function parseDomain(text: string): Parsed<string> {
  const domain = text.toLowerCase()
  if (isIP(domain) === 6) return { value: `[${canonicalV6(domain)}]` }
  const [, v6, name = '', digits] = HOST_PORT.exec(domain) ?? []
  const isHost = v6 === undefined ? isIP(name) === 4 || isHostname(name) : isIP(v6) === 6
  const port = Number(digits ?? 1)
  if (isHost && port > 0 && port <= MAX_PORT) {
    return { value: v6 === undefined ? domain : domain.replace(v6, canonicalV6(v6)) }
  }
  const fault = 'must be a host name or IP address, with or without a port'
  return /^[a-z]+:\/\//.test(domain) ? { fault, hint: 'leave out the scheme' } : { fault }
}

/** `http://HOST[:PORT]` or `unix:/PATH`. */
export function parseUpstream(text: string): Parsed<UpstreamAddress> {
  const fault = 'must be http://HOST:PORT or unix:/PATH'
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '')
    return path.startsWith('/')
      ? { value: { kind: 'unix', path } }
      : { fault, hint: 'give the absolute path' }
  }
  if (/^https:/i.test(text)) {
    return {
      fault: 'https between landwaiter and the registry is not available in this version',
      hint: 'use http:// on a private network, or unix:',
    }
  }
  const url = /^http:\/\//i.test(text) ? URL.parse(text) : null
  if (url === null) return /^[^/]+:\d+$/.test(text) ? { fault, hint: `write "http://${text}"` } : { fault }
  if (url.username !== '' || url.password !== '') return { fault, hint: 'leave out user and password' }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.hostname === '') {
    return { fault, hint: 'leave out everything after the port' }
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { value: { kind: 'tcp', origin: url.origin, host, port: Number(url.port || 80) } }
}

/** An IP address, or a network in CIDR notation; as written. */
export function parseNetwork(text: string): Parsed<string> {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  const isPrefix = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  if (family !== 0 && isPrefix && rest.length === 0) return { value: text }
  return { fault: 'must be an IP address or a network such as 10.0.0.0/8' }
}

/** Clients and certificates have one spelling of an address, whichever the file has. */
function canonicalV6(address: string): string {
  return new SocketAddress({ address, family: 'ipv6' }).address
}

function isHostname(host: string): boolean {
  const labels = host.toLowerCase().split('.')
  const isNumber = /^\d+$/.test(labels.at(-1) ?? '')
  return host.length <= 253 && !isNumber && labels.every(label => LABELS.test(label) || /^\d+$/.test(label))
}

/** A host name or IP address, in brackets when IPv6 with a port, and the port; without one `port` is absent. */
export function parseNetworkHost(text: string): Parsed<{ readonly host: string; readonly port?: number }> {
  const domain = parseDomain(text)
  if (!('value' in domain)) return { ...domain, fault: 'must be HOST or HOST:PORT' }
  const [, v6, name = '', digits] = HOST_PORT.exec(domain.value) ?? []
  return { value: { host: v6 ?? name, ...(digits === undefined ? {} : { port: Number(digits) }) } }
}
