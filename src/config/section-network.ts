import { z } from 'zod'
import { LISTENER, type ListenAddress, parseDomain, parseListenAddress, parseNetwork } from './address.ts'
import { oneOf, type Parsed, parsedText } from './schema-kit.ts'
import { AcmeSchema } from './section-acme.ts'
import { ClientAuthSchema } from './section-client-auth.ts'

const domain = parsedText(parseDomain).optional()

/** The names under which clients reach us. */
export const DomainsSchema = z
  .strictObject({
    registry: domain.describe(
      'Host name of the registry, with a port when clients type one. Default: the environment variable `REGISTRY_DOMAIN`.',
    ),
    auth: domain.describe(
      'Host name of the token realm when it has one of its own. Default: the environment variable `AUTH_DOMAIN`.',
    ),
  })
  .prefault({})
  .describe('Names under which clients reach us; one alone is enough.')

const OFF = 'off'

const listener = z.union([parsedText(parseListener, LISTENER), z.literal(false)])

function parseListener(text: string): Parsed<ListenAddress | null> {
  return text === OFF ? { value: null } : parseListenAddress(text)
}

function listenAt(address: string, meaning: string) {
  return listener
    .transform((value): ListenAddress | null => (value === false ? null : value))
    .prefault(address)
    .describe(meaning)
}

/** Addresses of our own listeners; null is off. */
export const ListenSchema = z
  .strictObject({
    https: listenAt(':443', 'Address of the registry and the token realm: `HOST:PORT`, `:PORT` or `off`.'),
    http: listenAt(':80', 'Address that redirects to HTTPS, or `off`.'),
    admin: listenAt('127.0.0.1:9090', 'Address of metrics and health, or `off`. Keep it private.'),
    h2: z
      .boolean()
      .default(false)
      .describe(
        'Speak HTTP/2 on the name of the registry, too. No container engine asks for it and it costs more CPU; a name of its own for the token realm always has it.',
      ),
    proxy_protocol: z
      .boolean()
      .default(false)
      .describe(
        'Connections of `trusted_proxies` to `https`, `http` and `server.addr` begin with a header of the PROXY protocol, version 1 or 2, which tells the address of the client. One without it is closed.',
      ),
  })
  .prefault({})
  .describe('Addresses of our own listeners.')

/** Where the certificate comes from. */
export const TlsSchema = z
  .strictObject({
    mode: oneOf(['acme', 'internal', 'files', 'off'])
      .optional()
      .describe(
        '`acme`: certificates that an authority issues and renews; `internal`: from our own CA; `files`: from `certificate` and `key`; `off`: plain HTTP behind a load balancer. Default: `files` when a certificate is given here or under `server`, else `acme` when a domain is public, else `internal`.',
      ),
    acme: AcmeSchema,
    certificate: z.string().optional().describe('PEM file with the certificate and its chain.'),
    key: z.string().optional().describe('PEM file with the private key.'),
    min_version: oneOf(['1.2', '1.3'])
      .optional()
      .describe('Lowest TLS version. Default: `server.tls_min_version`, else `1.2`.'),
    client_auth: ClientAuthSchema.optional(),
  })
  .prefault({})
  .describe('TLS of `listen.https`.')

const MAX_WORKERS = 64

/** How many threads carry requests. */
export const WorkersSchema = z
  .int()
  .min(1, 'must be 1 or more')
  .max(MAX_WORKERS, `must be ${MAX_WORKERS} or less`)
  .default(1)
  .describe(
    'Threads that serve the registry and the token realm. More than 1 share the port (Linux), and one more keeps certificates, logins and the audit log; worth it only with more processors than 2.',
  )

/** Peers whose word about the client's address is taken. */
export const TrustedProxiesSchema = z
  .array(parsedText(parseNetwork))
  .prefault([])
  .describe('Addresses and networks of the proxies in front of us, whose `X-Forwarded-For` is believed.')
