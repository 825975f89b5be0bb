import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { isIP, SocketAddress } from 'node:net'
import { Secret } from '../model/secret.ts'
import { CertificateFileError } from './certificate-file-error.ts'
import { type PemFile, pemCertificates } from './pem-certificates.ts'

/** A certificate with its private key, checked to belong together. */
export interface KeyPair {
  /** PEM of the leaf, followed by its intermediates. */
  readonly certificate: string
  /** PEM. */
  readonly key: Secret
  readonly keyType: string
  readonly leaf: X509Certificate
  /** Lower-case host names and canonical addresses of the leaf. */
  readonly names: readonly string[]
  /** Milliseconds since the epoch, as is `notAfter`. */
  readonly notBefore: number
  readonly notAfter: number
  readonly issuer: string
}

/**
 * The pair that two PEM texts hold; they may be one and the same file.
 * @throws CertificateFileError naming the file that is malformed, or the key that belongs to another certificate.
 */
export function parseKeyPair(files: { readonly certificate: PemFile; readonly key: PemFile }): KeyPair {
  const chain = pemCertificates(files.certificate)
  const key = parsePrivateKey(files.key)
  const [leaf] = chain
  if (!leaf.checkPrivateKey(key)) {
    throw new CertificateFileError(
      files.key.file,
      `is not the key of the certificate in ${files.certificate.file}`,
    )
  }
  const names = subjectNames(leaf)
  if (names.length === 0) {
    throw new CertificateFileError(
      files.certificate.file,
      'names no host: clients only look at the subject alternative names and there are none',
    )
  }
  return {
    certificate: chain.map(String).join(''),
    key: new Secret(key.export({ type: 'pkcs8', format: 'pem' }).toString()),
    keyType: key.asymmetricKeyType ?? 'unknown',
    leaf,
    names,
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
    issuer: leaf.issuer.replaceAll('\n', ', '),
  }
}

/**
 * Private key of a PEM text.
 * @throws CertificateFileError when there is none or it is encrypted.
 */
export function parsePrivateKey({ file, text }: PemFile): KeyObject {
  if (text.includes('ENCRYPTED')) {
    throw new CertificateFileError(file, 'the private key is encrypted; store it without a passphrase')
  }
  try {
    return createPrivateKey(text)
  } catch (cause) {
    throw new CertificateFileError(file, 'holds no usable PEM private key', { cause })
  }
}

/** Canonical text of an IP address, so that two spellings of one address compare equal. */
export function canonicalAddress(address: string): string {
  return new SocketAddress({ address, family: isIP(address) === 6 ? 'ipv6' : 'ipv4' }).address
}

/** A host name or address as `KeyPair.names` spells it. */
export function canonicalName(name: string): string {
  return isIP(name) === 0 ? name.toLowerCase() : canonicalAddress(name)
}

function subjectNames(leaf: X509Certificate): readonly string[] {
  // Node quotes names with unusual characters; none of those is a host name.
  const entries = (leaf.subjectAltName ?? '').split(', ')
  return entries.flatMap(entry => {
    if (entry.startsWith('DNS:') && !entry.includes('"')) return [entry.slice(4).toLowerCase()]
    const address = entry.startsWith('IP Address:') ? entry.slice(11) : ''
    return isIP(address) === 0 ? [] : [canonicalAddress(address)]
  })
}
