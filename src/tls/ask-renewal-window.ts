import { randomInt } from 'node:crypto'
import type { CertificateAuthority } from '../model/certificate-authority.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { CertificateState } from './certificate-state.ts'
import { renewalStateOf, type TimedCertificate } from './certificate-timing.ts'

type RenewalState = NonNullable<CertificateState['renewal']>

const ASK_AGAIN_MS = 6 * 3_600_000
const ASK_AFTER_FAILURE_MS = 3_600_000

/**
 * What is known of the renewal after asking the certificate's authority, `undefined` when it is not one of ours any
 * more. A failure says nothing about the certificate: what was known stays. Rejects only when `signal` aborts.
 */
export async function askRenewalWindow(
  { current, state }: TimedCertificate & { readonly current: NonNullable<TimedCertificate['current']> },
  authority: CertificateAuthority | undefined,
  { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<RenewalState> {
  const known = renewalStateOf(current, state)
  const spread = known?.spread ?? randomInt(1_000_000) / 1_000_000
  const renewal = { generation: current.generation, spread }
  try {
    const answer = await authority?.renewalWindow(current.pair.certificate, signal)
    if (answer === undefined) return { ...renewal, askAt: clock() + ASK_AGAIN_MS }
    const { retryAfterMs = ASK_AGAIN_MS, ...window } = answer
    if (window.start !== known?.window?.start) {
      const { name } = current
      const [from, to] = [window.start, window.end].map(ms => new Date(ms).toISOString())
      log.info('the authority says when to renew a certificate', {
        name,
        from,
        to,
        reason: window.explanationUrl,
      })
    }
    return { ...renewal, window, askAt: clock() + retryAfterMs }
  } catch (error) {
    signal.throwIfAborted()
    log.debug('the renewal window of a certificate is not known', { name: current.name, error })
    return { ...renewal, ...known, askAt: clock() + ASK_AFTER_FAILURE_MS }
  }
}
