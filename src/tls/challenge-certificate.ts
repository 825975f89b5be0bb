import { createHash, generateKeyPair, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import type { Challenge } from '../model/certificate-authority.ts'
import { Secret } from '../model/secret.ts'

/** What an authority is shown for tls-alpn-01; PEM. */
export interface ChallengeCertificate {
  readonly certificate: string
  readonly key: Secret
}

const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31'
const OCTET_STRING = 0x04
const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const
const LIFETIME_MS = 86_400_000
const BACKDATE_MS = 3_600_000

/** A self-signed certificate that carries the digest of the key authorization. Spec: RFC 8737 §3. */
export async function challengeCertificate(
  { name, keyAuthorization }: Pick<Challenge, 'name' | 'keyAuthorization'>,
  now: number,
): Promise<ChallengeCertificate> {
  const x509 = await import('@peculiar/x509')
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const digest = createHash('sha256').update(keyAuthorization).digest()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: ['ACME challenge'] }],
      notBefore: new Date(now - BACKDATE_MS),
      notAfter: new Date(now + LIFETIME_MS),
      keys: {
        publicKey: publicKey.toCryptoKey(P256, true, ['verify']),
        privateKey: privateKey.toCryptoKey(P256, false, ['sign']),
      },
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: [
        new x509.SubjectAlternativeNameExtension([{ type: isIP(name) === 0 ? 'dns' : 'ip', value: name }]),
        // Without it TLS 1.2 clients of OpenSSL refuse the key for signing.
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.Extension(ACME_IDENTIFIER, true, Buffer.from([OCTET_STRING, digest.length, ...digest])),
      ],
    },
    webcrypto,
  )
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { certificate: `${certificate.toString('pem')}\n`, key: new Secret(key) }
}
