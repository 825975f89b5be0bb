import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import type { Secret } from '../model/secret.ts'

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const

/**
 * DER of a request for a certificate with these names (host names, wildcards, IP addresses) and this key.
 * The subject is empty, since names belong in its extension. Spec: RFC 2986, RFC 8555 §7.4, RFC 8738 §3.
 * @throws TypeError when the key is not ECDSA P-256 in PEM.
 */
export async function createCsr(names: readonly string[], key: Secret): Promise<Buffer> {
  const x509 = await import('@peculiar/x509')
  const privateKey = createPrivateKey(key.reveal())
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new TypeError('the key of a certificate must be ECDSA P-256')
  }
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      keys: {
        privateKey: privateKey.toCryptoKey(P256, false, ['sign']),
        publicKey: createPublicKey(privateKey).toCryptoKey(P256, true, ['verify']),
      },
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: [
        new x509.SubjectAlternativeNameExtension(
          names.map(value => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
        ),
      ],
    },
    webcrypto,
  )
  return Buffer.from(request.rawData)
}
