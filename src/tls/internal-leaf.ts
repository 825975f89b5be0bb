import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { InternalCa } from './internal-ca.ts'
import { type KeyPair, parseKeyPair } from './key-pair.ts'
import type { LeafNames } from './leaf-names.ts'
import { signCertificate } from './sign-certificate.ts'

const LIFETIME_MS = 90 * 86_400_000
const BACKDATE_MS = 3_600_000 // clocks of clients may be behind
const RENEW_AT = 1 / 3 // of the lifetime remaining, as ACME clients do
const COMMON_NAME_MAX = 64 // RFC 5280, ub-common-name

/** A server certificate for `names` with a new key, and the PEM bundle (key first) that keeps it. */
export interface IssuedLeaf {
  readonly pair: KeyPair
  readonly bundle: string
}

/** Issues a certificate that is valid from an hour before `now` (ms) for 90 days, at most as long as the CA. */
export async function issueLeaf(ca: InternalCa, names: LeafNames, now: number): Promise<IssuedLeaf> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const commonName = [...names.dns, ...names.ip].find(name => name.length <= COMMON_NAME_MAX)
  const certificate = await signCertificate({
    commonName: commonName ?? 'landwaiter',
    publicKey,
    signingKey: ca.key,
    notBefore: now - BACKDATE_MS,
    notAfter: Math.min(now + LIFETIME_MS, ca.root.validToDate.getTime()),
    role: { kind: 'server', issuer: ca.certificate, dns: names.dns, ip: names.ip },
  })
  const bundle = `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${certificate}`
  return { pair: parseLeaf(names.id, bundle), bundle }
}

/**
 * The pair of a bundle.
 * @throws CertificateFileError naming `file` when it is malformed.
 */
export function parseLeaf(file: string, bundle: string): KeyPair {
  return parseKeyPair({ certificate: { file, text: bundle }, key: { file, text: bundle } })
}

/** Why the certificate must be replaced at `now` (ms), or `undefined` when it is still good. */
export function renewalReason(
  pair: KeyPair,
  { ca, names, now }: { readonly ca: InternalCa; readonly names: LeafNames; readonly now: number },
): string | undefined {
  if (!pair.leaf.checkIssued(ca.root) || !pair.leaf.verify(ca.root.publicKey)) return 'another CA issued it'
  const wanted = [...names.dns, ...names.ip]
  if (wanted.length !== pair.names.length || wanted.some(name => !pair.names.includes(name))) {
    return 'its names differ'
  }
  if (now < pair.notBefore) return 'it is not valid yet'
  if (now >= pair.notAfter - (pair.notAfter - pair.notBefore) * RENEW_AT) return 'it expires soon'
  return undefined
}
