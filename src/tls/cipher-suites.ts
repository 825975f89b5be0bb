/** A cipher suite by its IANA name, which is also Go's constant, its code point and its OpenSSL name. */
export interface CipherSuite {
  readonly name: string
  readonly id: number
  /** Absent: TLS 1.3, whose suites neither Go nor we let anyone choose. */
  readonly openssl?: string
}

/** The suites that Go's crypto/tls knows. Spec: IANA "TLS Cipher Suites". */
export const CIPHER_SUITES: readonly CipherSuite[] = [
  { name: 'TLS_RSA_WITH_RC4_128_SHA', id: 0x0005, openssl: 'RC4-SHA' },
  { name: 'TLS_RSA_WITH_3DES_EDE_CBC_SHA', id: 0x000a, openssl: 'DES-CBC3-SHA' },
  { name: 'TLS_RSA_WITH_AES_128_CBC_SHA', id: 0x002f, openssl: 'AES128-SHA' },
  { name: 'TLS_RSA_WITH_AES_256_CBC_SHA', id: 0x0035, openssl: 'AES256-SHA' },
  { name: 'TLS_RSA_WITH_AES_128_CBC_SHA256', id: 0x003c, openssl: 'AES128-SHA256' },
  { name: 'TLS_RSA_WITH_AES_128_GCM_SHA256', id: 0x009c, openssl: 'AES128-GCM-SHA256' },
  { name: 'TLS_RSA_WITH_AES_256_GCM_SHA384', id: 0x009d, openssl: 'AES256-GCM-SHA384' },
  { name: 'TLS_ECDHE_ECDSA_WITH_RC4_128_SHA', id: 0xc007, openssl: 'ECDHE-ECDSA-RC4-SHA' },
  { name: 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', id: 0xc009, openssl: 'ECDHE-ECDSA-AES128-SHA' },
  { name: 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', id: 0xc00a, openssl: 'ECDHE-ECDSA-AES256-SHA' },
  { name: 'TLS_ECDHE_RSA_WITH_RC4_128_SHA', id: 0xc011, openssl: 'ECDHE-RSA-RC4-SHA' },
  { name: 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA', id: 0xc012, openssl: 'ECDHE-RSA-DES-CBC3-SHA' },
  { name: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', id: 0xc013, openssl: 'ECDHE-RSA-AES128-SHA' },
  { name: 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', id: 0xc014, openssl: 'ECDHE-RSA-AES256-SHA' },
  { name: 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', id: 0xc023, openssl: 'ECDHE-ECDSA-AES128-SHA256' },
  { name: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', id: 0xc027, openssl: 'ECDHE-RSA-AES128-SHA256' },
  { name: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', id: 0xc02b, openssl: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
  { name: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', id: 0xc02c, openssl: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
  { name: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', id: 0xc02f, openssl: 'ECDHE-RSA-AES128-GCM-SHA256' },
  { name: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', id: 0xc030, openssl: 'ECDHE-RSA-AES256-GCM-SHA384' },
  { name: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', id: 0xcca8, openssl: 'ECDHE-RSA-CHACHA20-POLY1305' },
  {
    name: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    id: 0xcca9,
    openssl: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  },
  // Go's older constants for the two suites above.
  { name: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305', id: 0xcca8, openssl: 'ECDHE-RSA-CHACHA20-POLY1305' },
  { name: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305', id: 0xcca9, openssl: 'ECDHE-ECDSA-CHACHA20-POLY1305' },
  { name: 'TLS_AES_128_GCM_SHA256', id: 0x1301 },
  { name: 'TLS_AES_256_GCM_SHA384', id: 0x1302 },
  { name: 'TLS_CHACHA20_POLY1305_SHA256', id: 0x1303 },
]
