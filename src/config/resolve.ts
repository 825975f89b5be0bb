import { join } from 'node:path'
import type { z } from 'zod'
import { type ListenAddress, parseListenAddress, type UpstreamAddress } from './address.ts'
import { pairOf, tlsMode } from './resolve-tls.ts'
import type { ServerSchema, TokenSchema } from './section-docker-auth.ts'
import type { DomainsSchema, TlsSchema } from './section-network.ts'
import {
  defaultRun,
  type RegistrySchema,
  type RunChoice,
  readsDirectly,
  type S3Storage,
} from './section-registry.ts'

interface Sections {
  readonly domains: z.output<typeof DomainsSchema>
  readonly tls: z.output<typeof TlsSchema>
  readonly token: z.output<typeof TokenSchema>
  readonly registry: z.output<typeof RegistrySchema>
  readonly server: z.output<typeof ServerSchema>
  readonly state_dir: string
}

/** docker_auth's own listener: TCP, or a Unix socket. */
export type PlainListener = ListenAddress | { readonly path: string }

/** `server` as the token realm needs it. */
export interface ServerSettings {
  /** docker_auth's listener to open; null unless TLS is off. */
  readonly listen: PlainListener | null
  readonly path_prefix: string
  readonly real_ip_header?: string
  readonly real_ip_pos: number
  readonly hsts: boolean
}

/** `token`; certificate and key are both there, or neither and a key is made in `state_dir`. */
export interface TokenSettings {
  readonly issuer: string
  readonly expiration: number
  readonly disable_legacy_key_id: boolean
  readonly service?: string
  readonly certificate?: string
  readonly key?: string
}

/** Where a registry that we run keeps its blobs. */
export type RegistryStorage = { readonly kind: 'filesystem'; readonly root: string } | S3Storage

/** How to run the registry; without `binary` it is looked up on the PATH. */
export interface RunSettings {
  readonly binary?: string
  readonly storage: RegistryStorage
  readonly delete: boolean
  /** Whether blobs are read from `storage`, which is `filesystem` then, instead of through the registry. */
  readonly direct_read: boolean
}

/** The registry behind us; with `run` the address is that of our child's socket. */
export interface RegistrySettings {
  readonly upstream: UpstreamAddress
  readonly auth: 'internal' | 'passthrough' | 'none'
  readonly service?: string
  readonly run?: RunSettings
  readonly redirects: 'passthrough' | 'follow'
  /** `HOST` or `*.SUFFIX`, perhaps with a port; where `follow` may go. */
  readonly redirect_hosts: readonly string[]
}

const DEFAULT_UPSTREAM: UpstreamAddress = {
  kind: 'tcp',
  origin: 'http://registry:5000',
  host: 'registry',
  port: 5000,
}

/** Tokens are signed with `token`'s pair, else with `server`'s, as in docker_auth. */
export function resolveToken({ token, server }: Sections): TokenSettings {
  const { issuer, expiration, disable_legacy_key_id, service } = token
  return {
    issuer,
    expiration,
    disable_legacy_key_id,
    ...(service === undefined ? {} : { service }),
    ...(pairOf(token) ?? pairOf(server) ?? {}),
  }
}

/** The upstream's address and, when we run it ourselves, how. */
export function resolveRegistry({ registry, state_dir }: Sections): RegistrySettings {
  const { auth, service, redirects, redirect_hosts } = registry
  const run = registry.run === true ? defaultRun() : registry.run || undefined
  const common = { auth, redirects, redirect_hosts, ...(service === undefined ? {} : { service }) }
  if (run === undefined) return { ...common, upstream: registry.upstream ?? DEFAULT_UPSTREAM }
  return {
    ...common,
    upstream: { kind: 'unix', path: join(state_dir, 'registry.sock') },
    run: settled(run, state_dir),
  }
}

/** docker_auth's listener is opened only where no HTTPS listener takes its place. */
export function resolveServer(sections: Sections): ServerSettings {
  const { server } = sections
  const { path_prefix, real_ip_header, real_ip_pos, hsts } = server
  const listen = tlsMode(sections) === 'off' ? plainListener(server) : null
  return {
    listen,
    path_prefix,
    real_ip_pos,
    hsts,
    ...(real_ip_header === undefined ? {} : { real_ip_header }),
  }
}

function plainListener({ addr, net }: Sections['server']): PlainListener | null {
  if (addr === undefined) return null
  if (net === 'unix') return { path: addr }
  const parsed = parseListenAddress(addr)
  return 'value' in parsed ? parsed.value : null
}

function settled(run: RunChoice, stateDir: string): RunSettings {
  const { binary, storage } = run
  return {
    ...(binary === undefined ? {} : { binary }),
    storage:
      storage.kind === 's3' ? storage : { ...storage, root: storage.root ?? join(stateDir, 'registry') },
    delete: run.delete,
    direct_read: readsDirectly(run),
  }
}
