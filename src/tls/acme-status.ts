import type { AcmeStatus } from './certificate-source.ts'
import type { ManagedCertificate } from './managed-certificate.ts'

/** What there is to say of a managed certificate. */
export function acmeStatus(
  certificate: Pick<ManagedCertificate, 'name' | 'current' | 'status'>,
  { isStopGap }: { readonly isStopGap: boolean },
): AcmeStatus {
  const current = certificate.current()
  const { nextRenewal, nextAttempt, failedAttempts, lastError, explanationUrl } = certificate.status()
  return {
    name: certificate.name,
    nextAttempt: Math.round(nextAttempt),
    failedAttempts,
    isStopGap,
    ...(current === undefined
      ? {}
      : {
          authority: current.authority,
          serial: current.pair.leaf.serialNumber,
          obtainedAt: current.obtainedAt,
          ...(current.challenge === undefined ? {} : { challenge: current.challenge }),
        }),
    ...(nextRenewal === undefined ? {} : { nextRenewal: Math.round(nextRenewal) }),
    ...(lastError === undefined ? {} : { lastError }),
    ...(explanationUrl === undefined ? {} : { explanationUrl }),
  }
}
