import { nearest } from './nearest.ts'
import type { Parsed } from './schema-kit.ts'
import { integerOf } from './yaml-scalar.ts'

/** A TLS version of docker_auth's; `raised` when we do not go as low. */
export interface MinVersion {
  readonly minVersion: '1.2' | '1.3'
  readonly raised: boolean
}

/** A curve or cipher suite as written, and its OpenSSL name; without one it does not exist here. */
export interface TlsName {
  readonly written: string
  readonly openssl?: string
}

const VERSIONS = { SSL30: 0x0300, TLS10: 0x0301, TLS11: 0x0302, TLS12: 0x0303, TLS13: 0x0304 }
const TLS12 = VERSIONS.TLS12
const TLS13 = VERSIONS.TLS13

const CURVES: Readonly<Record<string, readonly [number, string]>> = {
  P256: [23, 'prime256v1'],
  P384: [24, 'secp384r1'],
  P521: [25, 'secp521r1'],
  X25519: [29, 'X25519'],
}

/** Name, IANA number and OpenSSL name of the suites that docker_auth knows; RC4 and 3DES are gone. */
const SUITES: Readonly<Record<string, readonly [number, string?]>> = {
  TLS_RSA_WITH_RC4_128_SHA: [0x0005],
  TLS_RSA_WITH_3DES_EDE_CBC_SHA: [0x000a],
  TLS_RSA_WITH_AES_128_CBC_SHA: [0x002f, 'AES128-SHA'],
  TLS_RSA_WITH_AES_256_CBC_SHA: [0x0035, 'AES256-SHA'],
  TLS_RSA_WITH_AES_128_CBC_SHA256: [0x003c, 'AES128-SHA256'],
  TLS_RSA_WITH_AES_128_GCM_SHA256: [0x009c, 'AES128-GCM-SHA256'],
  TLS_RSA_WITH_AES_256_GCM_SHA384: [0x009d, 'AES256-GCM-SHA384'],
  TLS_ECDHE_ECDSA_WITH_RC4_128_SHA: [0xc007],
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: [0xc009, 'ECDHE-ECDSA-AES128-SHA'],
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: [0xc00a, 'ECDHE-ECDSA-AES256-SHA'],
  TLS_ECDHE_RSA_WITH_RC4_128_SHA: [0xc011],
  TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA: [0xc012],
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: [0xc013, 'ECDHE-RSA-AES128-SHA'],
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: [0xc014, 'ECDHE-RSA-AES256-SHA'],
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: [0xc023, 'ECDHE-ECDSA-AES128-SHA256'],
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: [0xc027, 'ECDHE-RSA-AES128-SHA256'],
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: [0xc02b, 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: [0xc02c, 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: [0xc02f, 'ECDHE-RSA-AES128-GCM-SHA256'],
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: [0xc030, 'ECDHE-RSA-AES256-GCM-SHA384'],
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: [0xcca8, 'ECDHE-RSA-CHACHA20-POLY1305'],
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: [0xcca9, 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  // Go's newer spelling of the same two.
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: [0xcca8, 'ECDHE-RSA-CHACHA20-POLY1305'],
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: [0xcca9, 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  TLS_AES_128_GCM_SHA256: [0x1301, 'TLS_AES_128_GCM_SHA256'],
  TLS_AES_256_GCM_SHA384: [0x1302, 'TLS_AES_256_GCM_SHA384'],
  TLS_CHACHA20_POLY1305_SHA256: [0x1303, 'TLS_CHACHA20_POLY1305_SHA256'],
  TLS_FALLBACK_SCSV: [0x5600],
}

/** `SSL30` … `TLS13` or a number in any of Go's bases. */
export function parseMinVersion(text: string): Parsed<MinVersion> {
  const version = numberOf(text) ?? new Map(Object.entries(VERSIONS)).get(text)
  if (version === undefined || version > TLS13 || version < VERSIONS.SSL30) {
    return { fault: 'must be TLS12 or TLS13' }
  }
  const minVersion = version === TLS13 ? '1.3' : '1.2'
  return { value: { minVersion, raised: version < TLS12 } }
}

/** `P256`, `P384`, `P521`, `X25519` or a number. */
export function parseCurve(text: string): Parsed<TlsName> {
  return parseName(text, CURVES)
}

/** A Go constant name or a number. */
export function parseCipherSuite(text: string): Parsed<TlsName> {
  return parseName(text, SUITES)
}

function parseName(
  written: string,
  table: Readonly<Record<string, readonly [number, string?]>>,
): Parsed<TlsName> {
  const number = numberOf(written)
  const entry = Object.entries(table).find(([name, [id]]) =>
    number === undefined ? name === written : id === number,
  )
  if (entry === undefined && number !== undefined) return { value: { written } }
  if (entry === undefined) {
    const candidate = nearest(written, Object.keys(table))
    const fault = `unknown name ${JSON.stringify(written)}`
    return candidate === undefined ? { fault } : { fault, hint: `did you mean "${candidate}"?` }
  }
  const openssl = entry[1][1]
  return { value: openssl === undefined ? { written } : { written, openssl } }
}

function numberOf(text: string): number | undefined {
  return /^\d/.test(text) ? integerOf({ text, plain: true }) : undefined
}
