import { type KeyObject, randomBytes, webcrypto } from 'node:crypto'
import type { Extension } from '@peculiar/x509'

/** What a certificate says; every key is ECDSA P-256. Times in milliseconds since the epoch. */
export interface CertificateTemplate {
  readonly commonName: string
  readonly publicKey: KeyObject
  readonly signingKey: KeyObject
  readonly notBefore: number
  readonly notAfter: number
  readonly role: CertificateRole
}

/** A self-signed root, or a server certificate under the root whose PEM is `issuer`. */
export type CertificateRole =
  | { readonly kind: 'root' }
  | {
      readonly kind: 'server'
      readonly issuer: string
      readonly dns: readonly string[]
      readonly ip: readonly string[]
    }

type X509 = typeof import('@peculiar/x509')

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** PEM of the signed certificate. Spec: RFC 5280 §4.2. */
export async function signCertificate(template: CertificateTemplate): Promise<string> {
  const x509 = await import('@peculiar/x509')
  const subject = [{ CN: [template.commonName] }]
  const { role } = template
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject,
      issuer: role.kind === 'root' ? subject : new x509.X509Certificate(role.issuer).subjectName,
      notBefore: new Date(template.notBefore),
      notAfter: new Date(template.notAfter),
      publicKey: template.publicKey.toCryptoKey(P256, true, ['verify']),
      signingKey: template.signingKey.toCryptoKey(P256, false, ['sign']),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: await extensionsOf(x509, template),
    },
    webcrypto,
  )
  return `${certificate.toString('pem')}\n`
}

async function extensionsOf(x509: X509, template: CertificateTemplate): Promise<Extension[]> {
  const { role } = template
  const publicKey = template.publicKey.toCryptoKey(P256, true, ['verify'])
  const subjectKey = await x509.SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto)
  if (role.kind === 'root') {
    const usage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
    return [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(usage, true),
      subjectKey,
      new x509.AuthorityKeyIdentifierExtension(subjectKey.keyId),
    ]
  }
  const issuer = new x509.X509Certificate(role.issuer)
  const issuerKey = issuer.getExtension(x509.SubjectKeyIdentifierExtension)
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension([
      ...role.dns.map(value => ({ type: 'dns' as const, value })),
      ...role.ip.map(value => ({ type: 'ip' as const, value })),
    ]),
    subjectKey,
    ...(issuerKey === null ? [] : [new x509.AuthorityKeyIdentifierExtension(issuerKey.keyId)]),
  ]
}

/** 128 random bits whose first byte is neither zero nor negative (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}
