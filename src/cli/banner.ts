import { join, resolve } from 'node:path'
import type { OpenPorts } from '../app/listeners.ts'
import { caDirectory } from '../app/open-tls.ts'
import type { Config } from '../config/schema.ts'
import { adminUrl } from './admin-url.ts'

type Row = readonly [name: string, value: string]

/** What an operator wants to see after a start: the address, the login line, where the audit log is. */
export function banner(config: Config, ports: OpenPorts, version: string): string {
  const rows = [...registryRows(config, ports), ...fileRows(config), ...adminRows(config, ports)]
  const lines = rows.map(([name, value]) => `  ${name.padEnd(11)}${value}\n`)
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
  const root = resolve(join(caDirectory(config), 'ca.pem'))
  return [
    ...(config.tls.mode === 'internal' ? [['root CA', root] as const] : []),
    ['audit log', resolve(config.audit.file)],
  ]
}

function adminRows({ listen }: Config, { admin: port }: OpenPorts): readonly Row[] {
  return port === undefined ? [] : [['metrics', adminUrl({ ...listen.admin, port }, '/metrics')]]
}

function withPort(host: string, port: number | undefined): string {
  return port === undefined || port === 443 || /:\d+$/.test(host) ? host : `${host}:${port}`
}
