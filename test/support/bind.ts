import { mkdirSync, writeFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { startProcess } from './background-process.ts'
import { freePort } from './free-port.ts'
import type { Scope } from './scope.ts'
import { tempDir } from './temp-dir.ts'

/** Another process may take a free port before named does. */
const TRIES = 3

/** A TSIG key; `secret` is base64. */
export interface BindKey {
  readonly name: string
  readonly algorithm: 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512'
  readonly secret: string
}

/**
 * One zone; its name server is `ns1` in the zone. `records` are lines of a zone file: `* A 127.0.0.1`.
 * A wildcard answers no more for a name below which something was published: give `registry A 127.0.0.1` beside it
 * when `_acme-challenge.registry` gets a record (RFC 4592 §2.2.2).
 * Pebble follows a CNAME record within its zone only, since this server looks nowhere else.
 */
export interface BindZone {
  readonly name: string
  readonly records?: readonly string[]
  /** Who may change it: whoever has the key (the default, without a key nobody), anybody, or nobody. */
  readonly updates?: 'key' | 'anybody' | 'nobody'
}

/** `port` is a free one unless told. `address` is `127.0.0.1` unless told; named listens at addresses of interfaces only. */
export interface BindOptions {
  readonly zones: readonly BindZone[]
  readonly key?: BindKey
  readonly address?: '127.0.0.1' | '::1'
  readonly port?: number
}

/** A running name server. */
export interface Bind {
  readonly host: string
  readonly port: number
  /** `ADDRESS:PORT` or `[ADDRESS]:PORT`, as pebble's `-dnsserver` takes it. */
  readonly server: string
  readonly output: () => string
  readonly stop: () => Promise<unknown>
}

/**
 * Starts Debian's named for these zones alone, without recursion; resolves when it answers. Stopped at teardown.
 * Test traffic only: it listens on loopback.
 */
export async function startBind(t: Scope, options: BindOptions): Promise<Bind> {
  for (let tries = 1; ; tries++) {
    const bind = await tryStart(t, options)
    if (bind !== undefined) return bind
    if (tries === TRIES || options.port !== undefined) throw new Error('named: its port is taken')
  }
}

async function tryStart(t: Scope, options: BindOptions): Promise<Bind | undefined> {
  const directory = tempDir(t)
  const host = options.address ?? '127.0.0.1'
  const port = options.port ?? (await freePort())
  for (const zone of options.zones) writeFileSync(join(directory, `${zone.name}.zone`), zoneFile(zone, host))
  mkdirSync(join(directory, 'keys'))
  const configuration = join(directory, 'named.conf')
  writeFileSync(configuration, namedConfiguration(options, { directory, host, port }))
  const named = await startProcess(t, ['named', '-g', '-n', '1', '-c', configuration], {
    env: { PATH: `${process.env['PATH']}:/usr/sbin` },
  })
  const started = await named.ready(
    'it runs',
    () => /\b(running|address in use)\r?\n/.exec(named.output())?.[1],
  )
  if (started !== 'running' || named.output().includes('address in use')) return undefined
  const server = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
  return { host, port, server, output: named.output, stop: () => named.stop() }
}

function zoneFile({ records = [] }: BindZone, address: string): string {
  return [
    '$TTL 60',
    '@ SOA ns1 hostmaster 1 3600 600 86400 60',
    '@ NS ns1',
    `ns1 ${isIPv6(address) ? 'AAAA' : 'A'} ${address}`,
    ...records,
    '',
  ].join('\n')
}

function namedConfiguration(
  { zones, key }: BindOptions,
  { directory, host, port }: { readonly directory: string; readonly host: string; readonly port: number },
): string {
  return `
options {
  directory "${directory}";
  managed-keys-directory "${directory}/keys";
  session-keyfile "${directory}/session.key";
  pid-file none;
  listen-on port ${port} { ${isIPv6(host) ? 'none' : host}; };
  listen-on-v6 port ${port} { ${isIPv6(host) ? host : 'none'}; };
  recursion no;
  notify no;
  dnssec-validation no;
  empty-zones-enable no;
  max-cache-size 8M;
};
controls { };
${key === undefined ? '' : `key "${key.name}" { algorithm ${key.algorithm}; secret "${key.secret}"; };`}
${zones.map(zone => zoneClause(zone, key)).join('\n')}
`
}

function zoneClause({ name, updates = 'key' }: BindZone, key: BindKey | undefined): string {
  const byKey = key === undefined ? 'none;' : `key "${key.name}";`
  const allowed = { key: byKey, anybody: 'any;', nobody: 'none;' }[updates]
  return `zone "${name}" { type primary; file "${name}.zone"; allow-update { ${allowed} }; };`
}
