import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { UpstreamAddress } from '../upstream/address.ts'
import { findRegistryBinary } from '../upstream/find-registry.ts'
import { registryConfig } from '../upstream/registry-config.ts'
import { createRegistryProcess } from '../upstream/registry-process.ts'
import { loadRegistrySecret } from '../upstream/registry-secret.ts'
import { prepareRegistrySocket } from '../upstream/registry-socket.ts'
import { signingKeyFiles } from './open-signing-key.ts'
import { fallbackService } from './services.ts'

/** Where the registry is, and the end of it when it is our child. */
export interface RegistryRun {
  readonly address: UpstreamAddress
  stop(): Promise<void>
}

/**
 * Starts the registry as our child when `registry.run` asks for it; resolves when it answers.
 * @throws RegistryNotFound, RegistryFailed
 */
export async function openRegistryRun(
  config: Config,
  effects: {
    readonly env: Readonly<Record<string, string | undefined>>
    readonly clock: Clock
    readonly log: Log
  },
): Promise<RegistryRun> {
  const { run, upstream, auth } = config.registry
  if (run === undefined) return { address: upstream, stop: async () => undefined }
  const { env, clock, log } = effects
  const { binary } = run
  const found = await findRegistryBinary({
    path: env['PATH'] ?? '',
    ...(binary === undefined ? {} : { configured: binary }),
  })
  const dir = join(config.state_dir, 'run')
  const socket = await prepareRegistrySocket(dir)
  const text = registryConfig({
    version: found.version,
    socket,
    storage: run.storage,
    httpSecret: await loadRegistrySecret(join(config.state_dir, 'registry.secret')),
    delete: run.delete,
    ...(auth === 'none' ? {} : { token: await tokenAuth(config, clock) }),
  })
  const registry = createRegistryProcess({ binary: found.file, config: text, dir, socket, env, log, clock })
  log.info('starting the registry', { binary: found.file, release: found.release })
  await registry.start()
  return { address: { kind: 'unix', path: socket }, stop: () => registry.stop() }
}

/** Only we reach its socket; that it checks our tokens too turns a fault of our parser into a refusal. */
async function tokenAuth(
  config: Config,
  clock: Clock,
): Promise<Parameters<typeof registryConfig>[0]['token'] & object> {
  const { certificate } = await signingKeyFiles(config, clock)
  return {
    realm: `https://${config.domains.registry ?? 'localhost'}${config.server.path_prefix}/auth`,
    service: config.registry.service ?? config.token.service ?? fallbackService(config),
    issuer: config.token.issuer,
    rootcertbundle: certificate,
  }
}
