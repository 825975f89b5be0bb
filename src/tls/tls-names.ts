import { createSecureContext, getCiphers } from 'node:tls'
import { CIPHER_SUITES } from './cipher-suites.ts'
import type { TlsSettings } from './server-options.ts'

/** docker_auth's TLS keys: Go names or code points, the latter also as text in any Go base. */
export interface TlsNames {
  readonly minVersion?: string | number
  readonly curves?: readonly (string | number)[]
  readonly cipherSuites?: readonly (string | number)[]
}

/** A remark on one value; `index` is its place in a list. */
export interface TlsNameIssue {
  readonly key: keyof TlsNames
  readonly index?: number
  readonly message: string
}

/** `settings` can be used when `errors` is empty; `warnings` say what differs from what was asked for. */
export interface TlsNameResult {
  readonly settings: TlsSettings
  readonly warnings: readonly TlsNameIssue[]
  readonly errors: readonly TlsNameIssue[]
}

/** How one value is understood. */
type Answer<T> = { readonly use?: T; readonly warning?: string; readonly error?: string }

type Version = 'TLSv1.2' | 'TLSv1.3'

const VERSIONS: readonly { readonly name: string; readonly id: number; readonly version?: Version }[] = [
  { name: 'SSL30', id: 0x0300 },
  { name: 'TLS10', id: 0x0301 },
  { name: 'TLS11', id: 0x0302 },
  { name: 'TLS12', id: 0x0303, version: 'TLSv1.2' },
  { name: 'TLS13', id: 0x0304, version: 'TLSv1.3' },
]

/** Spec: IANA "TLS Supported Groups"; the first four names are docker_auth's. */
const CURVES = [
  { name: 'P256', id: 23, openssl: 'P-256' },
  { name: 'P384', id: 24, openssl: 'P-384' },
  { name: 'P521', id: 25, openssl: 'P-521' },
  { name: 'X25519', id: 29, openssl: 'X25519' },
  { name: 'SECP256R1MLKEM768', id: 4587, openssl: 'SecP256r1MLKEM768' },
  { name: 'X25519MLKEM768', id: 4588, openssl: 'X25519MLKEM768' },
  { name: 'SECP384R1MLKEM1024', id: 4589, openssl: 'SecP384r1MLKEM1024' },
]

/** Our settings for docker_auth's `tls_min_version`, `tls_curve_preferences`, `tls_cipher_suites`. Never throws. */
export function tlsSettingsOf(names: TlsNames): TlsNameResult {
  const version = names.minVersion === undefined ? {} : answerVersion(names.minVersion)
  const curves = answerList('curves', names.curves, answerCurve)
  const suites = answerList('cipherSuites', names.cipherSuites, answerCipherSuite)
  return {
    settings: {
      ...(version.use === undefined ? {} : { minVersion: version.use }),
      ...(curves.used.length === 0 ? {} : { ecdhCurve: curves.used.join(':') }),
      ...(suites.used.length === 0 ? {} : { ciphers: suites.used.join(':') }),
    },
    warnings: [...issue('minVersion', version.warning), ...curves.warnings, ...suites.warnings],
    errors: [
      ...issue('minVersion', version.error),
      ...curves.errors,
      ...suites.errors,
      ...(version.use === 'TLSv1.3' && names.cipherSuites !== undefined
        ? issue('cipherSuites', 'the cipher suites of TLS 1.3 are not configurable')
        : []),
    ],
  }
}

function answerVersion(value: string | number): Answer<Version> {
  const found = find(VERSIONS, value)
  if (found === undefined) return { error: `${value} is no TLS version; use TLS12 or TLS13` }
  if (found.version !== undefined) return { use: found.version }
  return { use: 'TLSv1.2', warning: `${found.name} is not offered; TLS 1.2 is the lowest version` }
}

function answerCurve(value: string | number): Answer<string> {
  const found = find(CURVES, value)
  if (found === undefined) return { error: `${value} is no curve; use P256, P384, P521 or X25519` }
  if (isGroupAvailable(found.openssl)) return { use: found.openssl }
  return { warning: `${found.name} is not available in this build of Node.js and is left out` }
}

function answerCipherSuite(value: string | number): Answer<string> {
  const found = find(CIPHER_SUITES, value)
  if (found === undefined) return { error: `${value} is no TLS cipher suite` }
  const { name, openssl } = found
  if (openssl === undefined) return { warning: `${name} belongs to TLS 1.3 and is always offered` }
  if (getCiphers().includes(openssl.toLowerCase())) return { use: openssl }
  return { warning: `${name} is not available in this build of Node.js and is left out` }
}

interface Answers {
  readonly used: readonly string[]
  readonly warnings: readonly TlsNameIssue[]
  readonly errors: readonly TlsNameIssue[]
}

function answerList(
  key: 'curves' | 'cipherSuites',
  values: readonly (string | number)[] | undefined,
  answer: (value: string | number) => Answer<string>,
): Answers {
  const answers = (values ?? []).map(answer)
  const used = [...new Set(answers.flatMap(({ use }) => (use === undefined ? [] : [use])))]
  const errors = answers.flatMap(({ error }, index) => issue(key, error, index))
  const nothingLeft = answers.length > 0 && used.length === 0 && errors.length === 0
  return {
    used,
    warnings: answers.flatMap(({ warning }, index) => issue(key, warning, index)),
    errors: nothingLeft
      ? issue(key, 'none of the values can be used; remove the key or add another value')
      : errors,
  }
}

function issue(key: keyof TlsNames, message: string | undefined, index?: number): TlsNameIssue[] {
  if (message === undefined) return []
  return [index === undefined ? { key, message } : { key, index, message }]
}

function find<T extends { readonly name: string; readonly id: number }>(
  table: readonly T[],
  value: string | number,
): T | undefined {
  const id = typeof value === 'number' ? value : parseGoInteger(value)
  const name = String(value).toUpperCase()
  return table.find(entry => (Number.isNaN(id) ? entry.name === name : entry.id === id))
}

/** Go's `strconv.ParseUint(text, 0, 16)`: prefixes 0x, 0o, 0b and 0, digits grouped by underscores; else NaN. */
function parseGoInteger(text: string): number {
  if (!/^[0-9]/.test(text)) return Number.NaN
  const digits = text.replaceAll('_', '')
  return Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits)
}

function isGroupAvailable(group: string): boolean {
  try {
    createSecureContext({ ecdhCurve: group })
    return true
  } catch {
    // Node has no list of groups; refusing the name is its only answer.
    return false
  }
}
