import { getServers } from 'node:dns'
import { isIP } from 'node:net'

const DNS_PORT = 53

/** Where a name server listens: host name or IP address, without brackets; port 53 unless told. */
export interface DnsServer {
  readonly host: string
  readonly port?: number | undefined
}

/** The server that `ADDRESS`, `IPV4:PORT` or `[IPV6]:PORT` denotes; `undefined` for anything else. */
export function parseDnsServer(text: string): DnsServer | undefined {
  if (isIP(text) !== 0) return { host: text }
  const [, bracketed, plain, digits] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain ?? ''
  const port = Number(digits)
  const isAddress = isIP(host) === (bracketed === undefined ? 4 : 6)
  return isAddress && port > 0 && port < 65_536 ? { host, port } : undefined
}

/** The port of a server. */
export function dnsPort({ port = DNS_PORT }: DnsServer): number {
  return port
}

/** How a server is called in messages: `192.0.2.1`, with the port when it is not 53. */
export function describeDnsServer(server: DnsServer): string {
  const port = dnsPort(server)
  if (port === DNS_PORT) return server.host
  return server.host.includes(':') ? `[${server.host}]:${port}` : `${server.host}:${port}`
}

/** These servers, or those of the system when there are none. */
export function dnsServersOf(servers: readonly DnsServer[] = []): readonly DnsServer[] {
  return servers.length > 0 ? servers : getServers().flatMap(text => parseDnsServer(text) ?? [])
}
