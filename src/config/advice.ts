import { compilePolicy } from '../policy/policy.ts'
import { adviceOnAcme } from './advice-on-acme.ts'
import { adviceOnExternal } from './advice-on-external.ts'
import { adviceOnRedirects } from './advice-on-redirects.ts'
import { adviceOnRights } from './advice-rights.ts'
import type { Fault, KeyPath, Severity } from './fault.ts'
import type { TlsName } from './go-tls.ts'
import type { FileConfig } from './schema.ts'
import type { StaticUser } from './section-users.ts'

/** What works, but perhaps not as meant: warnings and notes on a valid configuration and its compiled `acl`. */
export function adviceOn(file: FileConfig, policy = compilePolicy(file.acl).policy): readonly Fault[] {
  return [
    ...adviceOnRights(file, policy),
    ...adviceOnExternal(file),
    ...[...file.users].flatMap(([name, user]) => adviceOnUser(name, user)),
    ...adviceOnProxies(file),
    ...adviceOnListener(file),
    ...adviceOnTls(file),
    ...adviceOnAcme(file),
    ...adviceOnRedirects(file),
  ]
}

const BCRYPT = /^\$2[a-z]?\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}/

function adviceOnUser(name: string, { password }: StaticUser): readonly Fault[] {
  const quoted = JSON.stringify(name)
  if (password === undefined) {
    if (name === '') return []
    const message = `user ${quoted} has no password: any password, or none, logs in as ${quoted}`
    return [warn(['users', name], message, 'give a bcrypt hash, or password: "" to lock the user')]
  }
  const hash = password.reveal()
  if (hash === '' || BCRYPT.test(hash)) return []
  const message = `this is no bcrypt hash, so ${quoted} cannot log in`
  return [warn(['users', name, 'password'], message, 'make one with: landwaiter hash-password')]
}

function adviceOnProxies({ tls, trusted_proxies, server }: FileConfig): readonly Fault[] {
  if (trusted_proxies.length > 0) return []
  const isOff = tls.mode === 'off'
  const hint = 'list your proxies in trusted_proxies'
  const off = warn(
    ['tls', 'mode'],
    'without TLS and trusted_proxies every client has the address of the proxy',
    hint,
  )
  const header = isOff ? 'any client can write this header' : 'no proxy is trusted, so this header is ignored'
  return [
    ...(isOff ? [off] : []),
    ...(server.real_ip_header === undefined ? [] : [warn(['server', 'real_ip_header'], header, hint)]),
  ]
}

function adviceOnListener({ tls, server }: FileConfig): readonly Fault[] {
  if (server.addr === undefined || tls.mode === 'off') return []
  const message = 'this address is not opened, since listen.https serves the token realm'
  return [say('note', ['server', 'addr'], message)]
}

function adviceOnTls({ tls, server }: FileConfig): readonly Fault[] {
  const isIdle = tls.certificate !== undefined && (tls.mode === 'internal' || tls.mode === 'off')
  const raised = server.tls_min_version?.raised === true
  return [
    ...(isIdle ? [warn(['tls', 'certificate'], `not used with mode "${tls.mode}"`, 'set mode: files')] : []),
    ...(raised
      ? [warn(['server', 'tls_min_version'], 'TLS below 1.2 is not available, so 1.2 is the lowest')]
      : []),
    ...unavailable('tls_curve_preferences', server.tls_curve_preferences),
    ...unavailable('tls_cipher_suites', server.tls_cipher_suites),
  ]
}

function unavailable(key: string, names: readonly TlsName[] = []): readonly Fault[] {
  return names.flatMap(({ written, openssl }, index) => {
    const message = `${written} is not available here and is left out`
    return openssl === undefined ? [warn(['server', key, index], message)] : []
  })
}

function warn(path: KeyPath, message: string, hint?: string): Fault {
  return say('warning', path, message, hint)
}

function say(severity: Severity, path: KeyPath, message: string, hint?: string): Fault {
  return hint === undefined ? { severity, path, message } : { severity, path, message, hint }
}
