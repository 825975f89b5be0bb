import { z } from 'zod'
import { parseDomain } from './address.ts'
import { parseCipherSuite, parseCurve, parseMinVersion } from './go-tls.ts'
import { always, oneOf, optionalText, type Parsed, parsedText } from './schema-kit.ts'

interface Pair {
  readonly certificate?: string | undefined
  readonly key?: string | undefined
}

const hasKeyToo = ({ certificate, key }: Pair) => certificate === undefined || key !== undefined
const hasCertificateToo = ({ certificate, key }: Pair) => key === undefined || certificate !== undefined
const NEEDS_KEY = { error: 'needs "key" beside it', path: ['certificate'], ...always }
const NEEDS_CERTIFICATE = { error: 'needs "certificate" beside it', path: ['key'], ...always }

function parseHost(text: string): Parsed<string | undefined> {
  return text === '' ? { value: undefined } : parseDomain(text)
}

/** docker_auth's `server`; unknown keys are ignored with a warning, as docker_auth ignores them. */
export const ServerSchema = z
  .object({
    addr: optionalText().describe(
      "docker_auth's address, `HOST:PORT`, `:PORT` or a socket path. Opened with `tls.mode: off` only, since `listen.https` serves the token realm.",
    ),
    net: oneOf(['tcp', 'unix']).default('tcp').describe('Kind of `addr`: `tcp` or `unix`.'),
    path_prefix: z
      .string()
      .regex(/^(\/|$)/, 'must begin with "/"')
      .default('')
      .describe('Prefix of `/auth` and `/auth/token`.'),
    real_ip_header: optionalText().describe(
      'Header that holds the client address; a request without it is refused.',
    ),
    real_ip_pos: z
      .int()
      .default(0)
      .describe('Position of the client in that list; negative counts from the end.'),
    certificate: optionalText().describe('PEM certificate for TLS; also for tokens when `token` names none.'),
    key: optionalText().describe('PEM private key of `certificate`.'),
    letsencrypt: z
      .object({
        email: optionalText().describe('Address of the account; `tls.acme.email` goes before it.'),
        cache_dir: optionalText().describe('Not used: certificates are kept in `state_dir`.'),
        host: parsedText(parseHost)
          .optional()
          .describe('Host that a certificate is wanted for, beside `domains`.'),
      })
      .optional()
      .describe("docker_auth's certificates by ACME, without certificate and key; here they are `tls.acme`."),
    hsts: z.boolean().default(false).describe('Send `Strict-Transport-Security`.'),
    tls_min_version: parsedText(parseMinVersion)
      .optional()
      .describe('Lowest TLS version by Go name or number: `TLS12`, `TLS13`.'),
    tls_curve_preferences: z
      .array(parsedText(parseCurve))
      .optional()
      .describe('Curves by Go name or number: `X25519`, `P256`, `P384`, `P521`.'),
    tls_cipher_suites: z
      .array(parsedText(parseCipherSuite))
      .optional()
      .describe('TLS 1.2 cipher suites by Go name or number.'),
  })
  .refine(hasKeyToo, NEEDS_KEY)
  .refine(hasCertificateToo, NEEDS_CERTIFICATE)
  .refine(
    ({ tls_min_version, tls_cipher_suites }) =>
      tls_min_version?.minVersion !== '1.3' || tls_cipher_suites === undefined,
    { error: 'cipher suites of TLS 1.3 are not configurable', path: ['tls_cipher_suites'], ...always },
  )
  .prefault({})
  .describe("docker_auth's listener, and TLS defaults.")

const DEFAULT_EXPIRATION_SECONDS = 300

/** docker_auth's `token`, with defaults for what docker_auth demands. */
export const TokenSchema = z
  .object({
    issuer: z
      .string()
      .min(1, 'must not be empty')
      .default('landwaiter')
      .describe("Issuer of the tokens; must equal the registry's `auth.token.issuer`."),
    expiration: z
      .int()
      .positive({ error: ({ input }) => `must be positive, got ${input}` })
      .default(DEFAULT_EXPIRATION_SECONDS)
      .describe('Life of a token in seconds.'),
    certificate: optionalText().describe(
      "PEM certificate that the registry trusts as `rootcertbundle`. Default: `server`'s, else made in `state_dir`.",
    ),
    key: optionalText().describe(
      "PEM private key that signs. Default: `server`'s, else made in `state_dir`.",
    ),
    disable_legacy_key_id: z
      .boolean()
      .default(false)
      .describe('Name the key by its RFC 7638 thumbprint (registry v3) instead of the libtrust fingerprint.'),
    service: optionalText().describe(
      "Service name of the tokens (their audience): the registry's `auth.token.service`. Default: what the registry's challenge names.",
    ),
  })
  .refine(hasKeyToo, NEEDS_KEY)
  .refine(hasCertificateToo, NEEDS_CERTIFICATE)
  .prefault({})
  .describe('Tokens that the realm issues.')
