import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { AcmeFailed } from '../model/errors.ts'
import type { Secret } from '../model/secret.ts'
import { UnusableCertificate } from './unusable-certificate.ts'

/** What a certificate must be. */
export interface Wanted {
  readonly id: string
  readonly names: readonly string[]
  readonly key: Secret
  readonly now: number
}

const LARGEST_LEAD_MS = 600_000 // a clock that is somewhat behind is no reason to lose a certificate
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * The certificates in `text` as PEM, leaf first, once they have been found usable: for this key, for these names, in
 * order, valid now. @throws UnusableCertificate, or AcmeFailed when it only becomes valid later.
 */
export function checkChain(text: string, wanted: Wanted): string {
  const chain = parseChain(text, wanted)
  const [leaf] = chain
  const refuse = (why: string) => new UnusableCertificate(`${wanted.id} issued a certificate that ${why}`)
  if (leaf === undefined) throw refuse('is empty')
  if (!leaf.checkPrivateKey(createPrivateKey(wanted.key.reveal()))) throw refuse('is for another key')
  const missing = wanted.names.filter(name => !covers(leaf, name))
  if (missing.length > 0) throw refuse(`is not for ${missing.join(', ')}`)
  if (leaf.validFromDate.getTime() > wanted.now + LARGEST_LEAD_MS) {
    // With a clock that is behind, every other one would be early as well: this one is fetched again.
    const from = leaf.validFromDate.toISOString()
    throw new AcmeFailed(
      'server',
      `${wanted.id} issued a certificate that is valid only from ${from} on; is our clock right?`,
    )
  }
  if (leaf.validToDate.getTime() <= wanted.now) {
    throw refuse(`ended at ${leaf.validToDate.toISOString()}; is our clock right?`)
  }
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1]
    if (issuer !== undefined && !(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey))) {
      throw refuse('is followed by one that did not issue it')
    }
  }
  return chain.map(certificate => certificate.toString()).join('')
}

function parseChain(text: string, { id }: Wanted): readonly X509Certificate[] {
  try {
    return (text.match(CERTIFICATE) ?? []).map(pem => new X509Certificate(pem))
  } catch (cause) {
    throw new UnusableCertificate(`${id} issued a certificate that cannot be read`, { cause })
  }
}

/** Wildcards must be there as such: one that covers a name is not what was ordered. */
function covers(leaf: X509Certificate, name: string): boolean {
  if (isIP(name) !== 0) return leaf.checkIP(name) !== undefined
  const listed = (leaf.subjectAltName ?? '').toLowerCase().split(', ')
  return listed.includes(`dns:${name.toLowerCase()}`)
}
