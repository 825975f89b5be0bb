import { join, resolve } from 'node:path'
import type { OpenPorts } from '../app/listener-set.ts'
import { caDirectory } from '../app/open-tls.ts'
import type { Config } from '../config/schema.ts'
import { adminUrl } from './admin-url.ts'

type Row = readonly [name: string, value: string]

/** What an operator wants to see after a start: the address, the login line, where the audit log is. */
export function banner(config: Config, ports: OpenPorts, version: string): string {
  const rows = [...registryRows(config, ports), ...fileRows(config), ...adminRows(config, ports)]
  const width = 2 + Math.max(...rows.map(([name]) => name.length))
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}${value}\n`)
  return `\nlandwaiter ${version} is running\n${lines.join('')}\n`
}

function registryRows(config: Config, ports: OpenPorts): readonly Row[] {
  const { domains, tls } = config
  if (tls.mode !== 'off') {
    const address = withPort(domains.registry ?? 'localhost', ports.https)
    return [
      ['registry', `https://${address}`],
      ['log in', `docker login ${address}`],
    ]
  }
  const plain = [ports.http, ports.server].find(port => port !== undefined && port !== 0)
  // With a domain clients come through the proxy that ends TLS, on its port.
  const address = domains.registry ?? (plain === undefined ? undefined : `localhost:${plain}`)
  return [
    ['registry', `plain HTTP on ${places(config, ports).join(' and ')}`],
    ...(address === undefined ? [] : [['log in', `docker login ${address}`] as const]),
  ]
}

function places({ server }: Config, ports: OpenPorts): readonly string[] {
  const socket = server.listen !== null && 'path' in server.listen ? server.listen.path : undefined
  return [
    ...(ports.http === undefined ? [] : [`port ${ports.http}`]),
    ...(ports.server === undefined ? [] : [socket ?? `port ${ports.server}`]),
  ]
}

function fileRows(config: Config): readonly Row[] {
  return [...certificateRows(config), ['audit log', resolve(config.audit.file)]]
}

function certificateRows({ tls, ...config }: Config): readonly Row[] {
  if (tls.mode === 'internal') return [['root CA', resolve(join(caDirectory(config), 'ca.pem'))]]
  if (tls.mode !== 'acme') return []
  const [first] = tls.acme.authorities
  const stage = first?.staging ? ' (test stage: nobody trusts its certificates)' : ''
  const names = tls.acme.names.join(', ')
  return [['certificate', `${names} by ${first?.directory}${stage}; see landwaiter cert status`]]
}

function adminRows({ listen }: Config, { admin: port }: OpenPorts): readonly Row[] {
  return port === undefined ? [] : [['metrics', adminUrl({ ...listen.admin, port }, '/metrics')]]
}

function withPort(host: string, port: number | undefined): string {
  return port === undefined || port === 443 || /:\d+$/.test(host) ? host : `${host}:${port}`
}
