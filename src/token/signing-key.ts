import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { calculateJwkThumbprint } from 'jose'
import { KeyFileError } from './key-file-error.ts'
import { libtrustKeyId } from './libtrust-key-id.ts'

/** RFC 7518 §3.3; jose and Go's newer releases refuse shorter keys. */
const MIN_RSA_BITS = 2048

/** A key for tokens with its certificate; `notBefore` and `notAfter` in ms since the epoch. */
export interface SigningKey {
  readonly algorithm: 'RS256' | 'ES256' | 'ES384' | 'ES512'
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** Key id of libtrust, for registry 2.x. */
  readonly kid: string
  /** Key id of RFC 7638, for registry 3.1 and newer. */
  readonly thumbprint: string
  /** The certificate as an entry of the JWS header `x5c`: base64 of the DER. */
  readonly x5c: string
  readonly notBefore: number
  readonly notAfter: number
  readonly certificatePem: string
}

/**
 * The first key and the first certificate of two PEM files (which may be one), checked to belong together.
 * PKCS#8, PKCS#1 and SEC1 without a passphrase; RSA or ECDSA on P-256, P-384, P-521.
 * A certificate that is out of date is no error: registries that look up the key id do not ask.
 * @throws KeyFileError naming the file at fault.
 */
export async function loadSigningKey(files: {
  readonly key: string
  readonly certificate: string
}): Promise<SigningKey> {
  const [keyPem, certificatePem] = await Promise.all([readPem(files.key), readPem(files.certificate)])
  const privateKey = parsePrivateKey(files.key, keyPem)
  const algorithm = algorithmOf(files.key, privateKey)
  const certificate = parseCertificate(files.certificate, certificatePem)
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new KeyFileError(files.certificate, `the certificate does not belong to the key in ${files.key}`)
  }
  const publicKey = createPublicKey(privateKey)
  return {
    algorithm,
    privateKey,
    publicKey,
    kid: libtrustKeyId(publicKey),
    thumbprint: await calculateJwkThumbprint(publicKey),
    x5c: certificate.raw.toString('base64'),
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
    certificatePem: certificate.toString(),
  }
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'latin1')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new KeyFileError(file, `the file cannot be read (${code})`, { cause })
  }
}

function parsePrivateKey(file: string, pem: string): KeyObject {
  // Both forms: the PKCS#8 label and the `Proc-Type: 4,ENCRYPTED` header of RFC 1421.
  if (/^(-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED)/m.test(pem)) {
    throw new KeyFileError(file, 'the private key has a passphrase; store it without one')
  }
  if (!/^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/m.test(pem)) {
    throw new KeyFileError(file, 'the file holds no private key in PEM form')
  }
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw new KeyFileError(file, 'the private key cannot be read as PKCS#8, PKCS#1 or SEC1', { cause })
  }
}

function parseCertificate(file: string, pem: string): X509Certificate {
  if (!/^-----BEGIN CERTIFICATE-----/m.test(pem)) {
    throw new KeyFileError(file, 'the file holds no certificate in PEM form')
  }
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new KeyFileError(file, 'the certificate cannot be read', { cause })
  }
}

function algorithmOf(file: string, key: KeyObject): SigningKey['algorithm'] {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if (modulusLength >= MIN_RSA_BITS) return 'RS256'
      throw new KeyFileError(
        file,
        `the RSA key has ${modulusLength} bits; at least ${MIN_RSA_BITS} are needed`,
      )
    case 'ec':
      return ellipticAlgorithm(file, namedCurve)
    default:
      throw new KeyFileError(
        file,
        `registries do not accept ${key.asymmetricKeyType} keys; use RSA or ECDSA on P-256, P-384 or P-521`,
      )
  }
}

function ellipticAlgorithm(file: string, namedCurve: string): SigningKey['algorithm'] {
  switch (namedCurve) {
    case 'prime256v1':
      return 'ES256'
    case 'secp384r1':
      return 'ES384'
    case 'secp521r1':
      return 'ES512'
    default:
      throw new KeyFileError(
        file,
        `registries do not accept the curve ${namedCurve}; use P-256, P-384 or P-521`,
      )
  }
}
