import type { CertificateState } from './certificate-state.ts'
import { renewalTime } from './renewal-time.ts'
import type { StoredCertificate } from './stored-certificate.ts'

/** The present certificate and what is known of it. */
export interface TimedCertificate {
  readonly current: StoredCertificate | undefined
  readonly state: CertificateState
  /** Whether the certificate is to be replaced at once. */
  readonly isUnwanted?: boolean
}

/** Times of one certificate, ms since the epoch; in the past for what is due. */
export interface CertificateTiming {
  /** `undefined` without a certificate. */
  readonly renewalAt: number | undefined
  /** When to get a certificate: the renewal, or later after a failure. */
  readonly dueAt: number
  /** When to ask the authority for its renewal window; never without a certificate. */
  readonly askAt: number
  /** The earlier of the two. */
  readonly nextAt: number
}

/** A certificate is ordered once in this share of its life, or in a day if that is less. */
const REST = 1 / 10
const REST_MAX_MS = 86_400_000

export function certificateTiming({
  current,
  state,
  isUnwanted = false,
}: TimedCertificate): CertificateTiming {
  const renewalAt = current === undefined ? undefined : isUnwanted ? 0 : renewalOf(current, state)
  const rest = isUnwanted ? 0 : restUntil(current, state)
  const dueAt = Math.max(renewalAt ?? 0, state.failures?.nextAt ?? 0, rest)
  const askAt =
    current === undefined ? Number.POSITIVE_INFINITY : (renewalStateOf(current, state)?.askAt ?? 0)
  return { renewalAt, dueAt, askAt, nextAt: Math.min(dueAt, askAt) }
}

/**
 * Until when the last order must do, ms since the epoch: with a clock that is ahead every new certificate looks due.
 */
function restUntil(current: StoredCertificate | undefined, { obtained }: CertificateState): number {
  const last = obtained.at(-1)
  if (last === undefined || current === undefined || current.revokedAt !== undefined) return 0
  const { notBefore, notAfter } = current.pair
  return Math.min(last + Math.min((notAfter - notBefore) * REST, REST_MAX_MS), notAfter)
}

/** What is known of the renewal of this very certificate: a window is that of one certificate (RFC 9773 §4.2). */
export function renewalStateOf(
  { generation }: StoredCertificate,
  { renewal }: CertificateState,
): CertificateState['renewal'] {
  return renewal?.generation === generation ? renewal : undefined
}

function renewalOf(current: StoredCertificate, state: CertificateState): number {
  const { pair, obtainedAt, revokedAt } = current
  if (revokedAt !== undefined) return 0
  const { window, spread = 0.5 } = renewalStateOf(current, state) ?? {}
  return renewalTime({ notBefore: pair.notBefore, notAfter: pair.notAfter, obtainedAt, window, spread })
}
