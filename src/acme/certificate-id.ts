/**
 * How an authority calls a certificate (PEM; of several, the first) when asked for its renewal: base64url of the key
 * identifier of its issuer, a dot, base64url of its serial number as signed bytes. Spec: RFC 9773 §4.1.
 * `undefined` when it does not name its issuer's key.
 */
export async function certificateId(pem: string): Promise<string | undefined> {
  const { AuthorityKeyIdentifierExtension, X509Certificate } = await import('@peculiar/x509')
  const certificate = new X509Certificate(pem)
  const keyId = certificate.getExtension(AuthorityKeyIdentifierExtension)?.keyId
  if (keyId === undefined) return undefined
  return `${Buffer.from(keyId, 'hex').toString('base64url')}.${serialBytes(certificate.serialNumber).toString('base64url')}`
}

/** The content of the DER integer: a leading zero byte where the first bit would otherwise be the sign. */
function serialBytes(hex: string): Buffer {
  const digits = hex.replace(/^(00)+(?=..)/, '')
  const bytes = Buffer.from(digits, 'hex')
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes
}
