import { constants, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { SecureContext, Server, TLSSocket, TlsOptions } from 'node:tls'
import type { CertificateSource } from './certificate-source.ts'
import type { ClientCa } from './client-ca.ts'
import { keyExchangeGroups } from './key-exchange-groups.ts'
import { normaliseServerName } from './server-name.ts'

/** Protocol settings of the listener; what is absent keeps our defaults. */
export interface TlsSettings {
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL cipher list for TLS 1.2. */
  readonly ciphers?: string
  /** OpenSSL group names joined by `:`. */
  readonly ecdhCurve?: string
  /** Asks clients for a certificate; the contexts of `source` must have the same CAs. */
  readonly clientAuth?: { readonly ca: ClientCa; readonly isRequired: boolean }
  /** Application protocols for a server name in lower case, the preferred first; by default HTTP/1.1 alone. */
  readonly alpn?: (serverName: string | undefined) => readonly string[]
  /** Certificate of a tls-alpn-01 challenge that is pending for a server name (RFC 8737 §3). */
  readonly challenge?: (serverName: string) => SecureContext | undefined
  /** The ticket key of another thread, which then also says when it changes. */
  readonly ticketKeys?: Buffer
}

/** Options of the TLS listeners of one process, and what keeps running servers on the current ones. */
export interface ServerOptions {
  /** Everything for `https.createServer`, with the certificates and the ticket key of this moment. */
  current(): TlsOptions
  /** Gives the server every later certificate and ticket key. Live connections keep what they have. */
  attach(server: Server): void
  /** Replaces the ticket key, which ends the resumption of earlier sessions. The timer calls it. */
  rotateTicketKey(): void
  ticketKeys(): Buffer
  /** Takes over the ticket key of another thread. */
  useTicketKeys(keys: Buffer): void
  /** Calls `listener` after every change of certificates or of the ticket key. */
  onChange(listener: () => void): void
  close(): void
}

const HANDSHAKE_TIMEOUT_MS = 10_000 // Node's default of two minutes lets idle sockets pile up
const SESSION_TIMEOUT_SECONDS = 3_600
const TICKET_ROTATION_MS = 12 * 3_600_000
const TICKET_KEY_BYTES = 48

const TLS13_SUITES = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'

/** For TLS 1.2 only suites with forward secrecy and authenticated encryption (RFC 9325 §4.2). */
const TLS12_SUITES = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/**
 * Clients that prefer ChaCha20, as those without AES in hardware do, get it against our order. Renegotiation of TLS 1.2
 * is refused: it only costs, and Node by itself allows some.
 */
const SECURE_OPTIONS = constants.SSL_OP_PRIORITIZE_CHACHA | constants.SSL_OP_NO_RENEGOTIATION

/** A plain-text fatal alert `unrecognized_name` (RFC 8446 §5.1, §6.2), valid before any ServerHello. */
const UNRECOGNIZED_NAME = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x70])

/**
 * Options whose certificates come from `source` by server name. A name without a certificate is refused with
 * the alert `unrecognized_name`; no client is ever shown the certificate of another name.
 */
export function createServerOptions(source: CertificateSource, settings: TlsSettings = {}): ServerOptions {
  const servers = new Set<Server>()
  const listeners = new Set<() => void>()
  let ticketKeys = settings.ticketKeys ?? randomBytes(TICKET_KEY_BYTES)
  const callbacks = handshakeCallbacks(source, settings)
  // Node resets whatever a later setSecureContext leaves out, so the options are always given whole.
  const current = (): TlsOptions => ({
    ...fixedOptions(settings),
    ...defaultCertificate(source),
    ticketKeys,
    ...callbacks,
  })
  const useTicketKeys = (keys: Buffer) => {
    ticketKeys = keys
    for (const server of servers) server.setTicketKeys(ticketKeys)
    for (const listener of listeners) listener()
  }
  const rotateTicketKey = () => useTicketKeys(randomBytes(TICKET_KEY_BYTES))
  const timer =
    settings.ticketKeys === undefined ? setInterval(rotateTicketKey, TICKET_ROTATION_MS).unref() : undefined
  let names = servedNames(source)
  source.onChange(() => {
    const earlier = names
    names = servedNames(source)
    // OpenSSL resumes a session without asking for the certificate of its name; those of a lost name must end.
    if ([...earlier].some(name => !names.has(name))) ticketKeys = randomBytes(TICKET_KEY_BYTES)
    for (const server of servers) server.setSecureContext(current())
    for (const listener of listeners) listener()
  })
  return {
    current,
    attach(server) {
      servers.add(server)
      server.once('close', () => servers.delete(server))
    },
    rotateTicketKey,
    ticketKeys: () => ticketKeys,
    useTicketKeys,
    onChange: listener => void listeners.add(listener),
    close: () => clearInterval(timer),
  }
}

function servedNames(source: CertificateSource): ReadonlySet<string> {
  return new Set(source.certificates().flatMap(certificate => certificate.names))
}

function fixedOptions(settings: TlsSettings): TlsOptions {
  return {
    minVersion: settings.minVersion ?? 'TLSv1.2',
    ciphers: `${TLS13_SUITES}:${settings.ciphers ?? TLS12_SUITES}`,
    ecdhCurve: settings.ecdhCurve ?? keyExchangeGroups(),
    honorCipherOrder: true,
    secureOptions: SECURE_OPTIONS,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    sessionTimeout: SESSION_TIMEOUT_SECONDS,
    // Node's default is a hash of the command line, which differs between processes that share ticket keys.
    sessionIdContext: 'landwaiter',
    ...clientAuthOptions(settings),
  }
}

/**
 * A resumed session would bring back a client that was verified by an earlier CA, or long ago, and a renegotiation a
 * second client on the same connection; so with client certificates there is neither.
 */
function clientAuthOptions({ clientAuth }: TlsSettings): TlsOptions {
  if (clientAuth === undefined) return {}
  return {
    ca: [...clientAuth.ca],
    requestCert: true,
    rejectUnauthorized: clientAuth.isRequired,
    secureOptions: SECURE_OPTIONS | constants.SSL_OP_NO_TICKET,
  }
}

/** Node answers a client that names no server from the listener's own key and certificate. */
function defaultCertificate(source: CertificateSource): TlsOptions {
  const pair = source.defaultPair()
  return pair === undefined ? {} : { key: pair.key.reveal(), cert: pair.certificate }
}

type SniCallback = (serverName: string, done: (error: Error | null, context?: SecureContext) => void) => void
type AlpnCallback = NonNullable<TlsOptions['ALPNCallback']>

const HTTP_1_ONLY = ['http/1.1']
const CHALLENGE_PROTOCOL = 'acme-tls/1'

/**
 * What the handshake asks: the certificate for a name, and the protocol. TLS 1.3 asks for the protocol first, TLS 1.2
 * last, so a validation is remembered from the one to the other and gets its certificate in both; nobody else does.
 */
function handshakeCallbacks(
  source: CertificateSource,
  { alpn = () => HTTP_1_ONLY, challenge = () => undefined }: TlsSettings,
): { readonly SNICallback: SniCallback; readonly ALPNCallback: AlpnCallback } {
  const validations = new WeakMap<object, SecureContext>()
  return {
    SNICallback(this: unknown, serverName, done) {
      const context =
        validations.get(this as TLSSocket) ??
        source.contextFor(serverName) ??
        // A name that waits for its first certificate: only now is the validation's protocol asked for.
        challenge(normaliseServerName(serverName))
      if (context !== undefined) return done(null, context)
      // Node closes the connection without an alert and clients print "EOF"; the raw socket can still tell them.
      const { _parent: raw } = this as { readonly _parent?: Socket }
      raw?.write(UNRECOGNIZED_NAME)
      done(new Error(`no certificate for the server name ${JSON.stringify(serverName)}`))
    },
    ALPNCallback(this: TLSSocket, { servername, protocols }) {
      const isValidation = protocols.length === 1 && protocols[0] === CHALLENGE_PROTOCOL
      // Undefined is answered with the alert no_application_protocol.
      // Of a client that names no server Node passes no text.
      const name = typeof servername === 'string' ? normaliseServerName(servername) : ''
      if (!isValidation) return alpn(name === '' ? undefined : name).find(one => protocols.includes(one))
      const context = challenge(name)
      if (context === undefined) return undefined
      validations.set(this, context)
      this.setKeyCert(context)
      return CHALLENGE_PROTOCOL
    },
  }
}
