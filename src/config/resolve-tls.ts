import { isIP } from 'node:net'
import type { z } from 'zod'
import type { ChallengeType } from '../model/certificate-authority.ts'
import type { TlsName } from './go-tls.ts'
import { isPublicHost } from './public-host.ts'
import type { AcmeSchema } from './section-acme.ts'
import type { ClientAuthSchema } from './section-client-auth.ts'
import type { ServerSchema } from './section-docker-auth.ts'
import type { DomainsSchema, ListenSchema, TlsSchema } from './section-network.ts'

/** The sections that say where certificates come from. */
export interface TlsSections {
  readonly domains: z.output<typeof DomainsSchema>
  readonly listen: z.output<typeof ListenSchema>
  readonly tls: z.output<typeof TlsSchema>
  readonly server: z.output<typeof ServerSchema>
}

/** Limits for every TLS listener; `curves` and `ciphers` are OpenSSL lists for Node's options. */
interface TlsLimits {
  readonly min_version: '1.2' | '1.3'
  readonly curves?: string
  readonly ciphers?: string
  readonly client_auth?: ClientAuthSettings
}

/** Which certificates of clients are accepted, and whom they name. */
export type ClientAuthSettings = z.output<typeof ClientAuthSchema>

type Acme = z.output<typeof AcmeSchema>

/** One ACME authority; `directory` is a word or a URL. */
export type AuthoritySettings = Pick<Acme, 'directory' | 'ca_root_file' | 'email' | 'eab' | 'profile'> & {
  readonly staging: boolean
}

/** How `dns-01` sets its records. */
export type DnsSettings = NonNullable<Acme['dns']>

/** Certificates by ACME. */
export interface AcmeSettings {
  /** In order of trial. */
  readonly authorities: readonly AuthoritySettings[]
  /** One certificate for each: host names, wildcards, addresses. */
  readonly names: readonly string[]
  /** Domains that get a certificate of our own CA, since no public authority issues for them. */
  readonly ownNames: readonly string[]
  /** In order of trial. */
  readonly challenges: readonly ChallengeType[]
  readonly dns?: DnsSettings
  readonly preflight?: boolean
  readonly stop_gap: boolean
}

/** How the HTTPS listener gets its certificate. */
export type TlsSettings =
  | ({ readonly mode: 'internal' | 'off' } & TlsLimits)
  | ({ readonly mode: 'files'; readonly certificate: string; readonly key: string } & TlsLimits)
  | ({ readonly mode: 'acme'; readonly acme: AcmeSettings } & TlsLimits)

/** Go keeps the TLS 1.3 suites whatever list is given; Node takes them from the same list. */
const TLS13_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

/** TLS with what docker_auth's `server` says, where `tls` says nothing. */
export function resolveTls(sections: TlsSections): TlsSettings {
  const { tls, server } = sections
  const limits: TlsLimits = {
    min_version: tls.min_version ?? server.tls_min_version?.minVersion ?? '1.2',
    ...opensslList('curves', server.tls_curve_preferences, []),
    ...opensslList('ciphers', server.tls_cipher_suites, TLS13_SUITES),
    ...(tls.client_auth === undefined ? {} : { client_auth: tls.client_auth }),
  }
  const mode = tlsMode(sections)
  if (mode === 'acme') return { mode, acme: acmeSettings(sections), ...limits }
  if (mode !== 'files') return { mode, ...limits }
  const pair = pairOf(tls) ?? pairOf(server)
  if (pair === undefined) throw new TypeError('the schema let tls.mode files pass without a certificate')
  return { mode, ...pair, ...limits }
}

/** Without a word of the file: its certificate when it has one, else ACME when a domain is public. */
export function tlsMode({ domains, tls, server }: Omit<TlsSections, 'listen'>): TlsSettings['mode'] {
  if (tls.mode !== undefined) return tls.mode
  if ((pairOf(tls) ?? pairOf(server)) !== undefined) return 'files'
  const hosts = knownHosts({ domains, server })
  return hosts.some(isPublicHost) || server.letsencrypt?.email !== undefined ? 'acme' : 'internal'
}

/** Hosts of the domains, the registry's first, without ports and brackets. */
export function domainHosts({ registry, auth }: TlsSections['domains']): readonly string[] {
  const hosts = [registry, auth].flatMap(domain =>
    domain === undefined ? [] : [domain.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')],
  )
  return [...new Set(hosts)]
}

/** Names that get a certificate of their own by ACME. */
export function acmeNames({ domains, tls, server }: Omit<TlsSections, 'listen'>): readonly string[] {
  if (tls.acme.names !== undefined) return [...new Set(tls.acme.names)]
  const hosts = knownHosts({ domains, server })
  // Who asks for ACME by name may have an authority of their own, which issues for any name.
  return tls.mode === 'acme' ? hosts : hosts.filter(isPublicHost)
}

function acmeSettings(sections: TlsSections): AcmeSettings {
  const { domains, tls, server } = sections
  const { acme } = tls
  const { fallback, dns, preflight, stop_gap, staging } = acme
  const email = acme.email ?? server.letsencrypt?.email
  const names = acmeNames(sections)
  const first = { directory: acme.directory, ...authorityOf(acme), staging }
  const others = fallback.map(other => ({ directory: other.directory, ...authorityOf(other), staging }))
  return {
    authorities: [first, ...others].map(authority => ({
      ...(email === undefined ? {} : { email }),
      ...(acme.profile === undefined ? {} : { profile: acme.profile }),
      ...authority,
    })),
    names,
    ownNames: domainHosts(domains).filter(host => !names.some(name => isCovered(host, name))),
    challenges: acme.challenges ?? defaultChallenges(sections),
    ...(dns === undefined ? {} : { dns }),
    ...(preflight === undefined ? {} : { preflight }),
    stop_gap,
  }
}

function authorityOf({
  ca_root_file,
  email,
  eab,
  profile,
}: Partial<Pick<Acme, 'ca_root_file' | 'email' | 'eab' | 'profile'>>) {
  return withoutAbsent({ ca_root_file, email, eab, profile })
}

function defaultChallenges({ listen, tls }: TlsSections): readonly ChallengeType[] {
  return [
    ...(tls.acme.dns === undefined ? [] : (['dns-01'] as const)),
    ...(listen.http === null ? [] : (['http-01'] as const)),
    ...(listen.https === null ? [] : (['tls-alpn-01'] as const)),
  ]
}

/** Whether a certificate for `name` is one for `host`; a wildcard stands for one label (RFC 9525 §6.3). */
export function isCovered(host: string, name: string): boolean {
  if (host === name) return true
  return name.startsWith('*.') && isIP(host) === 0 && host.slice(host.indexOf('.')) === name.slice(1)
}

/** The domains, and docker_auth's one host. */
function knownHosts({ domains, server }: Pick<TlsSections, 'domains' | 'server'>): readonly string[] {
  const host = server.letsencrypt?.host
  return [...new Set([...domainHosts(domains), ...(host === undefined ? [] : [host])])]
}

interface MaybePair {
  readonly certificate?: string | undefined
  readonly key?: string | undefined
}

/** Certificate and key when both are there. */
export function pairOf({ certificate, key }: MaybePair) {
  return certificate === undefined || key === undefined ? undefined : { certificate, key }
}

function withoutAbsent<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
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
