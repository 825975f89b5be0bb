import { acmeStatus } from './acme-status.ts'
import type { CertificateStatus } from './certificate-source.ts'
import { parseCertificateState } from './certificate-state.ts'
import type { CertificateStore } from './certificate-store.ts'
import { certificateTiming } from './certificate-timing.ts'
import { isNameCovered } from './is-name-covered.ts'

/**
 * What the store says of the certificate of a name; `notAfter` is 0 when there is none. What the running process
 * serves in its place is not known here.
 * @throws NewerBundle
 */
export async function storedStatus(
  store: Pick<CertificateStore, 'read' | 'readState'>,
  name: string,
): Promise<CertificateStatus> {
  const stored = await store.read(name)
  const current = stored !== undefined && isNameCovered(name, stored.pair.names) ? stored : undefined
  const state = parseCertificateState(await store.readState(name))
  const { renewalAt, dueAt } = certificateTiming({ current, state })
  const status = () => ({
    nextRenewal: renewalAt,
    nextAttempt: dueAt,
    failedAttempts: state.failures?.count ?? 0,
    lastError: state.failures?.message,
    explanationUrl: state.renewal?.window?.explanationUrl,
  })
  const acme = acmeStatus({ name, current: () => current, status }, { isStopGap: false })
  if (current === undefined) return { names: [name], notAfter: 0, issuer: '', source: 'acme', acme }
  const { names, notAfter, issuer } = current.pair
  return { names, notAfter, issuer, source: 'acme', acme }
}
