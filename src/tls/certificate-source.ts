import type { SecureContext } from 'node:tls'
import type { ChallengeType } from '../model/certificate-authority.ts'
import type { KeyPair } from './key-pair.ts'

/** What operators see of one certificate. */
export interface CertificateStatus {
  /** Host names and addresses of the certificate. */
  readonly names: readonly string[]
  /** Milliseconds since the epoch. */
  readonly notAfter: number
  readonly issuer: string
  readonly source: 'internal' | 'files' | 'acme'
  /** Of a certificate that is obtained by ACME, or of the stop-gap in its place. */
  readonly acme?: AcmeStatus
}

/** How a certificate by ACME is doing; times in ms since the epoch. */
export interface AcmeStatus {
  /** The name that it is obtained for. */
  readonly name: string
  /** Id of the authority that issued it; absent as long as there is none. */
  readonly authority?: string
  readonly serial?: string
  readonly obtainedAt?: number
  /** How the name was proved. */
  readonly challenge?: ChallengeType
  readonly nextRenewal?: number
  /** When it will be tried next: the renewal, or later after a failure. */
  readonly nextAttempt: number
  /** Failed attempts in a row. */
  readonly failedAttempts: number
  readonly lastError?: string
  /** Where the authority explains an early renewal. */
  readonly explanationUrl?: string
  /** A certificate of our own CA stands in for it. */
  readonly isStopGap: boolean
}

/**
 * Where the listener's certificates come from. Whatever renews or reloads them does so behind this
 * interface and calls the listeners, so the server never asks how a certificate was obtained.
 */
export interface CertificateSource {
  /**
   * Certificate for the server name of a ClientHello; `undefined` asks for the default one, and so does an
   * address. An answer of `undefined` means that the handshake must be refused.
   */
  contextFor(serverName: string | undefined): SecureContext | undefined
  /** Default certificate; `undefined` when there is none that may be shown to a client that names no server. */
  defaultPair(): KeyPair | undefined
  /** All that are served, in the order in which a context table takes them. */
  pairs(): readonly KeyPair[]
  certificates(): readonly CertificateStatus[]
  /** Calls `listener` after every change of certificates. */
  onChange(listener: () => void): void
  /** Stops watching and renewing; resolves when nothing is being written any more. */
  close(): Promise<void>
}
