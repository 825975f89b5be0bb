import { isIP } from 'node:net'
import type { Fault, KeyPath, Severity } from './fault.ts'
import { isPublicHost } from './public-host.ts'
import { acmeNames, domainHosts, isCovered, tlsMode } from './resolve-tls.ts'
import type { FileConfig } from './schema.ts'
import { AcmeSchema, AUTHORITIES } from './section-acme.ts'

/** Warnings and notes on certificates by ACME, also where they are asked for and not used. */
export function adviceOnAcme(file: FileConfig): readonly Fault[] {
  if (tlsMode(file) !== 'acme') return adviceOnIdle(file)
  const { letsencrypt } = file.server
  return [
    ...adviceOnNames(file),
    ...adviceOnOwnNames(file),
    ...adviceOnAuthorities(file),
    ...adviceOnClientAuth(file),
    ...(file.tls.acme.staging
      ? [say('note', ['tls', 'acme', 'staging'], 'nobody trusts certificates of a test stage')]
      : []),
    ...(letsencrypt?.cache_dir === undefined
      ? []
      : [
          say('note', ['server', 'letsencrypt', 'cache_dir'], 'not used: certificates are kept in state_dir'),
        ]),
  ]
}

const UNSET = JSON.stringify(AcmeSchema.parse(undefined))

function adviceOnIdle(file: FileConfig): readonly Fault[] {
  const { tls, server } = file
  const mode = tlsMode(file)
  const why = tls.mode === undefined && mode === 'internal' ? ', as no domain is a public name' : ''
  const message = `not used with mode "${mode}"${why}`
  const hint = 'set tls.mode: acme'
  return [
    ...(JSON.stringify(tls.acme) === UNSET ? [] : [say('warning', ['tls', 'acme'], message, hint)]),
    ...(server.letsencrypt?.email === undefined
      ? []
      : [say('warning', ['server', 'letsencrypt'], message, hint)]),
  ]
}

/** Names that will never get a certificate. */
function adviceOnNames(file: FileConfig): readonly Fault[] {
  const { acme } = file.tls
  const authorities = [acme, ...acme.fallback]
  // An authority that is named by its URL may issue for any name.
  if (authorities.some(({ directory }) => !isPublicAuthority(directory))) return []
  return acmeNames(file).flatMap((name, index) => {
    const path = acme.names === undefined ? ['tls', 'mode'] : ['tls', 'acme', 'names', index]
    if (isIP(name) !== 0) {
      const profiles = authorities.map(({ profile = acme.profile }) => profile)
      if (profiles.includes('shortlived')) return []
      return [
        warn(path, `Let's Encrypt certifies the address ${name} in short-lived certificates only`, SHORT),
      ]
    }
    return isPublicHost(name.replace(/^\*\./, ''))
      ? []
      : [warn(path, `no public authority issues a certificate for ${name}`, ELSEWHERE)]
  })
}

const SHORT = 'set profile: shortlived'
const ELSEWHERE = 'set tls.acme.directory to the URL of an authority of your own, or mode: internal'

function adviceOnOwnNames(file: FileConfig): readonly Fault[] {
  const names = acmeNames(file)
  return (['registry', 'auth'] as const).flatMap(key => {
    const domain = file.domains[key]
    const [host] = domainHosts(domain === undefined ? {} : { registry: domain })
    if (host === undefined || names.some(name => isCovered(host, name))) return []
    const message = `${host} is no public name, so its certificate is one of our own CA`
    return [say('note', ['domains', key], message, 'see landwaiter ca')]
  })
}

/** Authorities bring no certificate of their own. */
function adviceOnClientAuth({ tls, listen }: FileConfig): readonly Fault[] {
  const { challenges, dns } = tls.acme
  const hasOther =
    challenges?.some(type => type !== 'tls-alpn-01') ?? (dns !== undefined || listen.http !== null)
  if (tls.client_auth?.mode !== 'require' || hasOther) return []
  const message =
    'an authority that speaks TLS 1.2 cannot prove names by tls-alpn-01 where certificates are required'
  return [warn(['tls', 'client_auth', 'mode'], message, 'open listen.http for http-01, or set tls.acme.dns')]
}

/** Authorities that open no account without a binding. */
function adviceOnAuthorities({ tls }: FileConfig): readonly Fault[] {
  const { fallback, ...first } = tls.acme
  const all = [
    { path: ['tls', 'acme', 'directory'], authority: first },
    ...fallback.map((authority, index) => ({
      path: ['tls', 'acme', 'fallback', index, 'directory'],
      authority,
    })),
  ]
  return all.flatMap(({ path, authority: { directory, eab } }) => {
    if (eab !== undefined || directory === 'letsencrypt' || !isPublicAuthority(directory)) return []
    return [
      warn(path, `${directory} opens no account without "eab"`, 'get kid and hmac_key from its web site'),
    ]
  })
}

function isPublicAuthority(directory: string): boolean {
  return AUTHORITIES.includes(directory)
}

function warn(path: KeyPath, message: string, hint: string): Fault {
  return say('warning', path, message, hint)
}

function say(severity: Severity, path: KeyPath, message: string, hint?: string): Fault {
  return hint === undefined ? { severity, path, message } : { severity, path, message, hint }
}
