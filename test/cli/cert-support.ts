import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import { type LandwaiterProcess, startLandwaiterProcess } from '../support/landwaiter-process.ts'
import type { Pebble } from '../support/pebble.ts'
import type { Scope } from '../support/scope.ts'

type Authority = Pick<Pebble, 'directory' | 'caRootFile' | 'tlsPort' | 'httpPort'>

/** A landwaiter that gets its certificate from a pebble; `file` is its configuration. */
export async function startWithPebble(
  t: Scope,
  pebble: Authority,
  acme: Readonly<Record<string, unknown>> = {},
): Promise<LandwaiterProcess & { readonly file: string }> {
  const process = await startLandwaiterProcess(t, {
    ...(await acmeConfig(pebble, acme)),
  })
  return { ...process, file: join(process.dir, 'config.yml') }
}

/** Sections for certificates by a pebble, with an admin listener at a port that can be found. */
export async function acmeConfig(pebble: Authority, acme: Readonly<Record<string, unknown>> = {}) {
  return {
    domains: { registry: 'registry.test', auth: 'auth.test' },
    listen: {
      https: `127.0.0.1:${pebble.tlsPort}`,
      http: `127.0.0.1:${pebble.httpPort}`,
      admin: `127.0.0.1:${await freePort()}`,
    },
    tls: {
      mode: 'acme',
      acme: { directory: pebble.directory, ca_root_file: pebble.caRootFile, ...acme },
    },
  }
}
