import { join } from 'node:path'
import type { z } from 'zod'
import { type ListenAddress, parseListenAddress, type UpstreamAddress } from './address.ts'
import type { TlsName } from './go-tls.ts'
import type { ServerSchema, TokenSchema } from './section-docker-auth.ts'
import type { TlsSchema } from './section-network.ts'
import { defaultRun, type RegistrySchema, type RunChoice, type S3Storage } from './section-registry.ts'

interface Sections {
  readonly tls: z.output<typeof TlsSchema>
  readonly token: z.output<typeof TokenSchema>
  readonly registry: z.output<typeof RegistrySchema>
  readonly server: z.output<typeof ServerSchema>
  readonly state_dir: string
}

/** Limits for every TLS listener; `curves` and `ciphers` are OpenSSL lists for Node's options. */
interface TlsLimits {
  readonly min_version: '1.2' | '1.3'
  readonly curves?: string
  readonly ciphers?: string
}

/** How the HTTPS listener gets its certificate. */
export type TlsSettings =
  | ({ readonly mode: 'internal' | 'off' } & TlsLimits)
  | ({ readonly mode: 'files'; readonly certificate: string; readonly key: string } & TlsLimits)

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
}

/** The registry behind us; with `run` the address is that of our child's socket. */
export interface RegistrySettings {
  readonly upstream: UpstreamAddress
  readonly auth: 'internal' | 'passthrough' | 'none'
  readonly service?: string
  readonly run?: RunSettings
}

/** Go keeps the TLS 1.3 suites whatever list is given; Node takes them from the same list. */
const TLS13_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']
const DEFAULT_UPSTREAM: UpstreamAddress = {
  kind: 'tcp',
  origin: 'http://registry:5000',
  host: 'registry',
  port: 5000,
}

/** TLS with what docker_auth's `server` says, where `tls` says nothing. */
export function resolveTls({ tls, server }: Sections): TlsSettings {
  const limits: TlsLimits = {
    min_version: tls.min_version ?? server.tls_min_version?.minVersion ?? '1.2',
    ...opensslList('curves', server.tls_curve_preferences, []),
    ...opensslList('ciphers', server.tls_cipher_suites, TLS13_SUITES),
  }
  const pair = pairOf(tls) ?? pairOf(server)
  const mode = tls.mode ?? (pair === undefined ? 'internal' : 'files')
  if (mode !== 'files') return { mode, ...limits }
  if (pair === undefined) throw new TypeError('the schema let tls.mode files pass without a certificate')
  return { mode, ...pair, ...limits }
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
  const { auth, service } = registry
  const run = registry.run === true ? defaultRun() : registry.run || undefined
  const common = { auth, ...(service === undefined ? {} : { service }) }
  if (run === undefined) return { ...common, upstream: registry.upstream ?? DEFAULT_UPSTREAM }
  return {
    ...common,
    upstream: { kind: 'unix', path: join(state_dir, 'registry.sock') },
    run: settled(run, state_dir),
  }
}

/** docker_auth's listener is opened only where no HTTPS listener takes its place. */
export function resolveServer({ server, tls }: Sections): ServerSettings {
  const { path_prefix, real_ip_header, real_ip_pos, hsts } = server
  const listen = tls.mode === 'off' ? plainListener(server) : null
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
  }
}

interface MaybePair {
  readonly certificate?: string | undefined
  readonly key?: string | undefined
}

function pairOf({ certificate, key }: MaybePair) {
  return certificate === undefined || key === undefined ? undefined : { certificate, key }
}

function opensslList<Key extends string>(
  key: Key,
  names: readonly TlsName[] | undefined,
  always: readonly string[],
) {
  const known = (names ?? []).flatMap(({ openssl }) => openssl ?? [])
  const list = [...new Set([...always, ...known])].join(':')
  return (known.length === 0 ? {} : { [key]: list }) as { readonly [K in Key]?: string }
}
