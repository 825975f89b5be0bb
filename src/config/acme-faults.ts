import { isIP } from 'node:net'
import { acmeNames, domainHosts, isCovered, type TlsSections, tlsMode } from './resolve-tls.ts'

interface AcmeFault {
  readonly path: string[]
  readonly message: string
}

/** What of `tls.acme` cannot work with the rest of the file. */
export function acmeFaults(file: TlsSections): readonly AcmeFault[] {
  if (tlsMode(file) !== 'acme') return []
  const names = acmeNames(file)
  return [...namesFaults(file, names), ...provingFaults(file, names), ...stagingFaults(file)]
}

const LETSENCRYPT = ['server', 'letsencrypt']

function namesFaults(file: TlsSections, names: readonly string[]): readonly AcmeFault[] {
  const { domains, tls } = file
  if (tls.acme.names?.length === 0) return [] // told already
  if (names.length === 0) {
    // Without a word of `tls` it is docker_auth's section that asks for certificates.
    const [path, who] = tls.mode === undefined ? [LETSENCRYPT, 'it'] : [['tls', 'mode'], 'mode "acme"']
    const message = `${who} needs to know for which name: set domains.registry, or tls.acme.names`
    return [{ path, message }]
  }
  const missing = domainHosts(domains).filter(host => !names.some(name => isCovered(host, name)))
  if (tls.acme.names === undefined || missing.length === 0) return []
  return [{ path: ['tls', 'acme', 'names'], message: `lacks ${missing.join(' and ')} of "domains"` }]
}

const CHALLENGES = ['tls', 'acme', 'challenges']

/** What of a challenge that is asked for by name is missing; else what no challenge can prove. */
function provingFaults(file: TlsSections, names: readonly string[]): readonly AcmeFault[] {
  const { challenges, dns } = file.tls.acme
  if (challenges?.length === 0) return [] // told already
  const faults = challengeFaults(file)
  if (faults.length > 0) return faults
  const wildcard = names.find(name => name.startsWith('*.'))
  if (wildcard !== undefined) {
    if (dns === undefined) {
      return [
        { path: ['tls', 'acme'], message: `${wildcard} can only be proved by dns-01: set tls.acme.dns` },
      ]
    }
    if (challenges?.includes('dns-01') === false) {
      return [{ path: CHALLENGES, message: `lacks dns-01, which alone can prove ${wildcard}` }]
    }
  }
  return reachFaults(file, names)
}

function challengeFaults({ tls, listen }: TlsSections): readonly AcmeFault[] {
  const { challenges = [], dns } = tls.acme
  const missing = {
    'dns-01': dns === undefined ? 'tls.acme.dns, which says how to set a TXT record' : undefined,
    'http-01': listen.http === null ? 'listen.http, which is off' : undefined,
    'tls-alpn-01': listen.https === null ? 'listen.https, which is off' : undefined,
  }
  return challenges.flatMap(type =>
    missing[type] === undefined ? [] : [{ path: CHALLENGES, message: `${type} needs ${missing[type]}` }],
  )
}

/** An address cannot be proved by `dns-01`. */
function reachFaults({ tls, listen }: TlsSections, names: readonly string[]): readonly AcmeFault[] {
  const { challenges = ['http-01', 'tls-alpn-01', 'dns-01'], dns } = tls.acme
  const isReachable =
    (listen.http !== null && challenges.includes('http-01')) ||
    (listen.https !== null && challenges.includes('tls-alpn-01'))
  if (isReachable) return []
  const path = ['tls', 'acme']
  const address = names.find(name => isIP(name) !== 0)
  if (address !== undefined) {
    return [{ path, message: `the address ${address} cannot be proved: open listen.http or listen.https` }]
  }
  if (dns !== undefined) return []
  return [{ path, message: 'no name can be proved: open listen.http or listen.https, or set tls.acme.dns' }]
}

const WITH_STAGING = ['letsencrypt', 'google']

/** Who asks for certificates that nobody trusts must not get others, which count. */
function stagingFaults({ tls }: TlsSections): readonly AcmeFault[] {
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
