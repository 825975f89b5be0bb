import type { TLSSocket } from 'node:tls'
import type { ClientCertificate } from '../model/client-certificate.ts'
import type { Clock } from '../model/ports.ts'
import {
  type CertificateName,
  type CertificateSubject,
  loadCertificateSubject,
} from './certificate-subject.ts'

const OTHER_CA = 'no CA that is trusted here has issued it'

/** What OpenSSL found, by Node's code, in words for whoever holds the certificate. */
const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it or its CA has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  INVALID_PURPOSE: 'it is not meant for clients (extended key usage)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: OTHER_CA,
  UNABLE_TO_GET_ISSUER_CERT: OTHER_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: OTHER_CA,
  SELF_SIGNED_CERT_IN_CHAIN: OTHER_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: OTHER_CA,
  CERT_SIGNATURE_FAILURE: OTHER_CA,
}

/** Reads the certificate of a connection; `undefined` without one. */
export type ReadClientCertificate = (socket: TLSSocket) => ClientCertificate | undefined

interface Reading {
  readonly found: ClientCertificate
  /** Milliseconds since the epoch. */
  readonly notAfter: number
}

/**
 * Each certificate is read once. One that expires while its connection lives is refused from then on.
 */
export async function openClientCertificates(options: {
  readonly name: CertificateName
  readonly clock: Clock
}): Promise<ReadClientCertificate> {
  const subjectOf = await loadCertificateSubject()
  const known = new WeakMap<TLSSocket, Reading>()
  return socket => {
    const reading = known.get(socket) ?? read(socket, der => subjectOf(der, options.name))
    if (reading === undefined) return undefined
    known.set(socket, reading)
    return options.clock() > reading.notAfter ? refused('it has expired') : reading.found
  }
}

function read(
  socket: TLSSocket,
  subjectOf: (der: Buffer) => ReturnType<CertificateSubject>,
): Reading | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const notAfter = certificate.validToDate.getTime()
  if (!socket.authorized) return { found: refused(reasonOf(socket.authorizationError)), notAfter: Infinity }
  const result = subjectOf(certificate.raw)
  return 'fault' in result
    ? { found: refused(result.fault), notAfter }
    : { found: { outcome: 'verified', subject: result.subject }, notAfter }
}

/** On a server Node puts the bare code where the types say Error. */
function reasonOf(error: unknown): string {
  const code = String(error)
  return (Object.hasOwn(REASONS, code) ? REASONS[code] : undefined) ?? `it does not verify (${code})`
}

function refused(reason: string): ClientCertificate {
  return { outcome: 'refused', reason: `the client certificate is not accepted: ${reason}` }
}
