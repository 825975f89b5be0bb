import { isIP } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { ClientCa } from './client-ca.ts'
import { canonicalAddress, type KeyPair } from './key-pair.ts'
import { normaliseServerName } from './server-name.ts'

/** Ready contexts by server name; immutable, so a change of certificates is a new table. */
export interface ContextTable {
  contextFor(serverName: string | undefined): SecureContext | undefined
  readonly defaultPair: KeyPair | undefined
  /** Whether a certificate names this host or address. */
  covers(name: string): boolean
}

/**
 * Table over `pairs`: an exact name wins over a wildcard, an earlier pair over a later one, and the first pair
 * is the default. Pairs of different key types have no default: OpenSSL keeps one certificate per key type, so
 * a client that accepts only the other type would be shown the default one under any name (nodejs/node#54235).
 * `clientCa` verifies clients' certificates: the context of the server name brings its own trust, and one without would
 * take those of every public CA, so it must be named even where there is none.
 * @throws Error from OpenSSL when a key is too weak to be served.
 */
export function createContextTable(pairs: readonly KeyPair[], clientCa: ClientCa | undefined): ContextTable {
  const contexts = new Map<string, SecureContext>()
  const [first] = pairs
  const trust = clientCa === undefined ? {} : { ca: [...clientCa] }
  const mixed = pairs.some(pair => pair.keyType !== first?.keyType)
  let defaultContext: SecureContext | undefined
  for (const pair of pairs) {
    // Built here and never inside a handshake: it costs about two milliseconds.
    const context = createSecureContext({ key: pair.key.reveal(), cert: pair.certificate, ...trust })
    if (pair === first && !mixed) defaultContext = context
    for (const name of pair.names) if (!contexts.has(name)) contexts.set(name, context)
  }
  const find = (name: string) => {
    if (isIP(name) !== 0) return contexts.get(canonicalAddress(name))
    const host = normaliseServerName(name)
    return contexts.get(host) ?? contexts.get(wildcardOf(host))
  }
  return {
    defaultPair: mixed ? undefined : first,
    covers: name => find(name) !== undefined,
    contextFor(serverName) {
      if (serverName === undefined) return defaultContext
      // RFC 6066 §3 allows no address here, yet some clients send one.
      return find(serverName) ?? (isIP(serverName) === 0 ? undefined : defaultContext)
    },
  }
}

/** A wildcard stands for exactly one label (RFC 9525 §6.3). */
function wildcardOf(name: string): string {
  const dot = name.indexOf('.')
  return dot > 0 ? `*${name.slice(dot)}` : ''
}
