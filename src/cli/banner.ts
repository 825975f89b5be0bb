import { resolve } from 'node:path'
import type { OpenPorts } from '../app/listeners.ts'
import type { Config } from '../config/schema.ts'

/** What an operator wants to see after a start: the address, the login line, where the audit log is. */
export function banner(config: Config, ports: OpenPorts, version: string): string {
  const address = registryAddress(config, ports)
  const scheme = config.tls.mode === 'off' ? 'http' : 'https'
  const rows: readonly (readonly [string, string])[] = [
    ['registry', `${scheme}://${address}`],
    ['log in', `docker login ${address}`],
    ['audit log', resolve(config.audit.file)],
    ...(ports.admin === undefined ? [] : [['metrics', `http://127.0.0.1:${ports.admin}/metrics`] as const]),
  ]
  return `landwaiter ${version} is ready\n${rows.map(([name, value]) => `  ${name.padEnd(11)}${value}\n`).join('')}`
}

function registryAddress({ domains, tls }: Config, ports: OpenPorts): string {
  const host = domains.registry ?? 'localhost'
  const port = tls.mode === 'off' ? (ports.http ?? ports.server) : ports.https
  const standard = tls.mode === 'off' ? 80 : 443
  return port === undefined || port === standard || /:\d+$/.test(host) ? host : `${host}:${port}`
}
