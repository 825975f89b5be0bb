import { isIP } from 'node:net'
import { z } from 'zod'
import { CHALLENGE_TYPES } from '../model/certificate-authority.ts'
import { Secret } from '../model/secret.ts'
import { parseDomain, parseNetworkHost } from './address.ts'
import { always, duration, oneOf, type Parsed, parsedText } from './schema-kit.ts'

/** Authorities that a word stands for; all of them public. */
export const AUTHORITIES = ['letsencrypt', 'zerossl', 'google']
const DIRECTORY = `must be ${AUTHORITIES.join(', ')} or the https:// URL of an ACME directory`

function parseDirectory(text: string): Parsed<string> {
  if (AUTHORITIES.includes(text)) return { value: text }
  const url = URL.parse(text)
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return { value: url.href }
  return /^https?:/.test(text) && url?.protocol === 'http:'
    ? { fault: DIRECTORY, hint: 'ACME is spoken over https only' }
    : { fault: DIRECTORY }
}

const text = z.string().min(1, 'must not be empty')

const EabSchema = z
  .strictObject({
    kid: text.describe('Key identifier that the authority gave you.'),
    hmac_key: z
      .string()
      .regex(/^[A-Za-z0-9_-]+={0,2}$/, 'must be base64url, as the authority shows it')
      .optional()
      .describe('Its secret, base64url.'),
    hmac_key_file: z.string().optional().describe('File that holds `hmac_key`.'),
  })
  .refine(({ hmac_key, hmac_key_file }) => hmac_key !== undefined || hmac_key_file !== undefined, {
    error: 'is missing, and so is "hmac_key_file"',
    path: ['hmac_key'],
    ...always,
  })
  .transform(({ kid, hmac_key = '' }) => ({ kid, hmac_key: new Secret(hmac_key) }))

const authorityFields = {
  ca_root_file: text
    .optional()
    .describe('PEM file with the only roots that vouch for the ACME server itself. Default: the usual ones.'),
  email: z
    .string()
    .regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address')
    .optional()
    .describe('Address of the account, for the authority to write to.'),
  eab: EabSchema.optional().describe(
    'External account binding (RFC 8555 §7.3.4); ZeroSSL and Google ask for it.',
  ),
  profile: z
    .string()
    .regex(/^[A-Za-z0-9._-]+$/, 'must be the name of a profile, such as classic, tlsserver or shortlived')
    .optional()
    .describe("Kind of certificate: Let's Encrypt has `classic`, `tlsserver`, `shortlived`."),
}

const FallbackSchema = z.strictObject({
  directory: parsedText(parseDirectory).describe('As `tls.acme.directory`.'),
  ...authorityFields,
})

const RFC2136_ALGORITHMS = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const

const Rfc2136Schema = z
  .strictObject({
    server: parsedText(parseNetworkHost).describe('Primary name server, `HOST` or `HOST:PORT`.'),
    zone: text.optional().describe('Zone to update. Default: found by asking the server.'),
    key_name: text.optional().describe('Name of the TSIG key. Default: updates are not signed.'),
    key_algorithm: oneOf(RFC2136_ALGORITHMS).default('hmac-sha256').describe('Algorithm of the TSIG key.'),
    key_secret: z.base64('must be base64').optional().describe('Its secret, base64.'),
    key_secret_file: z.string().optional().describe('File that holds `key_secret`.'),
  })
  .refine(
    ({ key_name, key_secret, key_secret_file }) =>
      (key_name === undefined) === (key_secret === undefined && key_secret_file === undefined),
    { error: 'key_name and key_secret belong together', path: ['key_name'], ...always },
  )
  .transform(({ server, zone, key_name, key_algorithm, key_secret }) => ({
    server,
    ...(zone === undefined ? {} : { zone }),
    ...(key_name === undefined || key_secret === undefined
      ? {}
      : { key: { name: key_name, algorithm: key_algorithm, secret: new Secret(key_secret) } }),
  }))

const DnsSchema = z
  .strictObject({
    hook: text
      .optional()
      .describe('Program that is run as `HOOK present|cleanup NAME VALUE` to set and remove a TXT record.'),
    env: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'))
      .default([])
      .describe(
        'Environment variables that `hook` sees beside `PATH`, `HOME`, `LANG`, `LC_ALL`, `TZ`, `TMPDIR`.',
      ),
    rfc2136: Rfc2136Schema.optional().describe('Name server that takes dynamic updates (RFC 2136).'),
    resolvers: z
      .array(parsedText(parseNetworkHost))
      .default([])
      .describe("Name servers to ask, `HOST` or `HOST:PORT`. Default: the system's."),
    propagation_timeout: duration()
      .prefault('2m')
      .describe(
        'How long every name server of the zone may take to show the record; `0`: they are not asked.',
      ),
    propagation_wait: duration().prefault('0').describe('How long to wait after they all show it.'),
  })
  .refine(({ hook, rfc2136 }) => (hook === undefined) !== (rfc2136 === undefined), {
    error: 'needs either "hook" or "rfc2136"',
    ...always,
  })

function parseName(name: string): Parsed<string> {
  const isWildcard = name.startsWith('*.')
  const parsed = parseDomain(isWildcard ? name.slice(2) : name)
  const fault = 'must be a host name, a wildcard such as *.example.com, or an IP address'
  if (!('value' in parsed) || /:\d+$/.test(parsed.value.replace(/^\[.*\]$/, ''))) return { fault }
  const value = parsed.value.replace(/^\[|\]$/g, '')
  return isWildcard && isIP(value) !== 0 ? { fault } : { value: isWildcard ? `*.${value}` : value }
}

/** Certificates of an ACME authority; what is absent is settled with the domains and the listeners. */
export const AcmeSchema = z
  .strictObject({
    directory: parsedText(parseDirectory)
      .default('letsencrypt')
      .describe('Authority: `letsencrypt`, `zerossl`, `google`, or the URL of an ACME directory.'),
    ...authorityFields,
    staging: z
      .boolean()
      .default(false)
      .describe('Use the test stage of `letsencrypt` and `google`, whose certificates nobody trusts.'),
    fallback: z
      .array(FallbackSchema)
      .default([])
      .describe('Authorities to ask, in this order, when the first does not issue.'),
    challenges: z
      .array(oneOf(CHALLENGE_TYPES))
      .min(1, 'must not be empty; leave it out for the default')
      .optional()
      .describe(
        'How names are proved, in order of trial; what worked is remembered. Default: `dns-01` with `dns`, then `http-01` and `tls-alpn-01` with their listeners.',
      ),
    names: z
      .array(parsedText(parseName))
      .min(1, 'must not be empty; leave it out for the default')
      .optional()
      .describe('One certificate for each; wildcards need `dns`. Default: the names in `domains`.'),
    dns: DnsSchema.optional().describe('How TXT records are set, for `dns-01`.'),
    preflight: z
      .boolean()
      .optional()
      .describe(
        'Look before an order whether the authority can reach us, and wait up to ten minutes for it. Default: on for public authorities.',
      ),
    stop_gap: z
      .boolean()
      .default(true)
      .describe('Serve a certificate of our own CA as long as there is none of the authority.'),
  })
  .prefault({})
  .describe('Certificates that an authority issues and renews by ACME, with `mode: acme`.')
