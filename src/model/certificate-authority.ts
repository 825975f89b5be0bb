import type { Secret } from './secret.ts'

/** How a certificate authority can be shown that a name is ours. Spec: RFC 8555 §8, RFC 8737. */
export const CHALLENGE_TYPES = ['http-01', 'tls-alpn-01', 'dns-01'] as const
export type ChallengeType = (typeof CHALLENGE_TYPES)[number]

/** What an authority looks for at a name. */
export interface Challenge {
  readonly type: ChallengeType
  /** Host name without the wildcard, or IP address. */
  readonly name: string
  /** base64url. */
  readonly token: string
  /** RFC 8555 §8.1: the token and the thumbprint of the account's key. */
  readonly keyAuthorization: string
}

/**
 * Puts the answer to a challenge where the authority looks for it; resolves, once it can be seen, to what takes it
 * away again. @throws AcmeFailed of kind `validation` when it cannot be put there.
 */
export type AnswerChallenge = (challenge: Challenge, signal: AbortSignal) => Promise<() => Promise<void>>

/** One certificate to obtain. */
export interface CertificateOrder {
  /** Host names, a wildcard as `*.example.com`, or IP addresses. */
  readonly names: readonly string[]
  /** PEM of the private key. */
  readonly key: Secret
  /** The first of these that the authority offers for a name is tried; one per attempt. */
  readonly challenges: readonly ChallengeType[]
  readonly profile?: string | undefined
  /** RFC 9773 §4.1 identifier of the certificate that this one takes the place of. */
  readonly replaces?: string | undefined
  /** URL of an order that an earlier attempt began with the same key and names; gone or invalid, a new one is made. */
  readonly url?: string | undefined
  /** Called with the URL of the order before anything else happens to it, so that it can be taken up after a restart. */
  readonly onOrder: (url: string) => Promise<void>
}

/** A certificate that an authority has issued. */
export interface IssuedCertificate {
  /** PEM, leaf first. */
  readonly chain: string
  /** What the authority verified; `undefined` when an earlier proof still held. */
  readonly challenge: ChallengeType | undefined
}

/** When an authority wants a certificate renewed, ms since the epoch. Spec: RFC 9773 §4.2. */
export interface RenewalWindow {
  readonly start: number
  readonly end: number
  readonly explanationUrl?: string
  /** How long to wait before asking again. */
  readonly retryAfterMs?: number
}

/** Reasons that a subscriber may give for a revocation. Spec: RFC 5280 §5.3.1. */
export const REVOCATION_REASONS = {
  unspecified: 0,
  'key-compromise': 1,
  'affiliation-changed': 3,
  superseded: 4,
  'cessation-of-operation': 5,
} as const
export type RevocationReason = keyof typeof REVOCATION_REASONS

/** One certificate authority, with our account there. Every call may throw AcmeFailed. */
export interface CertificateAuthority {
  /** Names the authority and the account's stage in files, metrics and logs: `letsencrypt`, `localhost:15100`. */
  readonly id: string
  /** URL. */
  readonly directory: string
  issue(order: CertificateOrder, signal: AbortSignal): Promise<IssuedCertificate>
  /** `undefined` when the authority tells no windows. `chain` is PEM, leaf first. */
  renewalWindow(chain: string, signal: AbortSignal): Promise<RenewalWindow | undefined>
  revoke(chain: string, reason: RevocationReason, signal: AbortSignal): Promise<void>
  /** Its clock minus ours in ms as of its last answer; `undefined` before the first. */
  clockSkewMs(): number | undefined
  close(): Promise<void>
}

/** Our account at one authority. */
export interface AcmeAccount {
  /** PEM of the private key. */
  readonly key: Secret
  /** What the authority calls the account; absent until it was asked. */
  readonly url?: string
}

/** Where accounts are kept, by the authority's id. Processes that share it share the account. */
export interface AcmeAccounts {
  read(authority: string): Promise<AcmeAccount | undefined>
  write(authority: string, account: AcmeAccount): Promise<void>
  /** Runs `work` while no other process works on the accounts of this authority; waits for others until `signal` aborts. */
  exclusively<T>(authority: string, work: () => Promise<T>, signal: AbortSignal): Promise<T>
}
