import { isIP } from 'node:net'
import { acmeNames, domainHosts, isCovered, tlsMode } from './resolve-tls.ts'
import type { FileConfig } from './schema.ts'

interface AcmeFault {
  readonly path: string[]
  readonly message: string
}

/** What of `tls.acme` cannot work with the rest of the file. */
export function acmeFaults(file: FileConfig): readonly AcmeFault[] {
  if (tlsMode(file) !== 'acme') return []
  const names = acmeNames(file)
  return [...namesFaults(file, names), ...challengeFaults(file, names), ...stagingFaults(file)]
}

function namesFaults(file: FileConfig, names: readonly string[]): readonly AcmeFault[] {
  const { domains, tls } = file
  if (names.length === 0) {
    const message = 'mode "acme" needs to know for which name: set domains.registry, or tls.acme.names'
    return [{ path: ['tls', 'mode'], message }]
  }
  const missing = domainHosts(domains).filter(host => !names.some(name => isCovered(host, name)))
  if (tls.acme.names === undefined || missing.length === 0) return []
  return [{ path: ['tls', 'acme', 'names'], message: `lacks ${missing.join(' and ')} of "domains"` }]
}

function challengeFaults({ tls, listen }: FileConfig, names: readonly string[]): readonly AcmeFault[] {
  const { challenges, dns } = tls.acme
  const wildcard = names.find(name => name.startsWith('*.'))
  const address = names.find(name => isIP(name) !== 0)
  const has = (type: 'http-01' | 'tls-alpn-01' | 'dns-01') => challenges?.includes(type) ?? true
  const at = ['tls', 'acme', 'challenges']
  const isUnreachable =
    (listen.http === null || !has('http-01')) && (listen.https === null || !has('tls-alpn-01'))
  return [
    ...(challenges?.includes('dns-01') === true && dns === undefined
      ? [{ path: at, message: 'dns-01 needs tls.acme.dns, which says how to set a TXT record' }]
      : []),
    ...(challenges?.includes('http-01') === true && listen.http === null
      ? [{ path: at, message: 'http-01 needs listen.http, which is off' }]
      : []),
    ...(challenges?.includes('tls-alpn-01') === true && listen.https === null
      ? [{ path: at, message: 'tls-alpn-01 needs listen.https, which is off' }]
      : []),
    ...(wildcard !== undefined && (dns === undefined || !has('dns-01'))
      ? [{ path: ['tls', 'acme'], message: `${wildcard} can only be proved by dns-01: set tls.acme.dns` }]
      : []),
    ...(isUnreachable && (address !== undefined || dns === undefined)
      ? [
          {
            path: ['tls', 'acme'],
            message: 'no challenge is left: open listen.http or listen.https, or set dns',
          },
        ]
      : []),
  ]
}

const WITH_STAGING = ['letsencrypt', 'google']

/** Who asks for certificates that nobody trusts must not get others, which count. */
function stagingFaults({ tls }: FileConfig): readonly AcmeFault[] {
  const { staging, directory, fallback } = tls.acme
  if (!staging) return []
  const without = [directory, ...fallback.map(other => other.directory)].filter(
    one => !WITH_STAGING.includes(one),
  )
  return without.map(one => ({
    path: ['tls', 'acme', 'staging'],
    message: `${one} has no test stage that we know: give the URL of one as "directory" instead`,
  }))
}
