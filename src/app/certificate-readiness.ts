import type { Degraded } from '../ops/health.ts'
import type { CertificateStatus } from '../tls/certificate-source.ts'

/**
 * Why the certificates keep us from serving, or what to look at. What an authority is to replace does not: taken out of
 * rotation we would not be reached by it either, and stay without.
 */
export function certificateReadiness(
  certificates: readonly CertificateStatus[],
  now: number,
): string | Degraded | undefined {
  const missing = certificates.find(({ notAfter }) => notAfter === 0)
  const expired = certificates.find(({ notAfter }) => notAfter > 0 && notAfter <= now)
  if (expired !== undefined) {
    const reason = `the certificate of ${expired.names.join(', ')} has expired${becauseOf(expired)}`
    return expired.acme === undefined ? reason : { degraded: reason }
  }
  if (missing !== undefined) return { degraded: `there is no certificate yet${becauseOf(missing)}` }
  const stopGap = certificates.find(({ acme }) => acme?.isStopGap)
  if (stopGap !== undefined) {
    return {
      degraded: `a certificate of our own CA stands in for the one of ${stopGap.acme?.name}${becauseOf(stopGap)}`,
    }
  }
  const failing = certificates.find(({ acme }) => acme?.lastError !== undefined)
  if (failing === undefined) return undefined
  return { degraded: `the certificate of ${failing.acme?.name} is not renewed${becauseOf(failing)}` }
}

function becauseOf({ acme }: CertificateStatus): string {
  return acme?.lastError === undefined ? '' : `: ${acme.lastError}`
}
