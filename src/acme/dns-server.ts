import { getServers } from 'node:dns'
import { isIP } from 'node:net'

const DNS_PORT = 53

/** Where a name server listens. */
export interface DnsServer {
  /** IP address. */
  readonly host: string
  readonly port: number
}

/** The server that `ADDRESS`, `IPV4:PORT` or `[IPV6]:PORT` denotes; `undefined` for anything else. */
export function parseDnsServer(text: string): DnsServer | undefined {
  if (isIP(text) !== 0) return { host: text, port: DNS_PORT }
  const [, bracketed, plain, digits] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain ?? ''
  const port = Number(digits)
  const isAddress = isIP(host) === (bracketed === undefined ? 4 : 6)
  return isAddress && port > 0 && port < 65_536 ? { host, port } : undefined
}

/** How a server is called in messages: `192.0.2.1`, with the port when it is not 53. */
export function describeDnsServer({ host, port }: DnsServer): string {
  if (port === DNS_PORT) return host
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The servers that these texts denote, or those of the system when there are none. What denotes no server is left out. */
export function dnsServersOf(texts: readonly string[] | undefined): readonly DnsServer[] {
  const chosen = texts === undefined || texts.length === 0 ? getServers() : texts
  return chosen.flatMap(text => parseDnsServer(text) ?? [])
}
