import { type RealRegistry, startRealRegistry } from '../../support/real-registry.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { makePair } from '../../tls/support.ts'
import { ISSUER, SERVICE } from './landwaiter-config.ts'
import type { ProxySetting } from './proxy-setting.ts'

/** What proxies are started in front of. */
export interface BenchRegistry {
  readonly directory: string
  readonly registry: RealRegistry
  readonly setting: Omit<ProxySetting, 'sink'>
}

/** Starts the registry with `auth: token`, and makes a P-256 certificate and a signing key that it trusts. */
export async function startBenchRegistry(scope: Scope): Promise<BenchRegistry> {
  const directory = tempDir(scope)
  const pair = makePair({ directory, file: 'localhost', names: 'DNS:localhost', days: 89 })
  const signing = makePair({ directory, file: 'signing' })
  const auth = { service: SERVICE, issuer: ISSUER, rootCertBundle: signing.certificate }
  const registry = await startRealRegistry(scope, { auth: { ...auth, realm: 'https://localhost/auth' } })
  return { directory, registry, setting: { ...pair, registry: registry.host, signing } }
}
