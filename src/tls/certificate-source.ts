import type { SecureContext } from 'node:tls'
import type { KeyPair } from './key-pair.ts'

/** What operators see of one certificate. */
export interface CertificateStatus {
  /** Host names and addresses of the certificate. */
  readonly names: readonly string[]
  /** Milliseconds since the epoch. */
  readonly notAfter: number
  readonly issuer: string
  readonly source: 'internal' | 'files'
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
  certificates(): readonly CertificateStatus[]
  /** Calls `listener` after every change of certificates. */
  onChange(listener: () => void): void
  /** Stops watching and renewing; resolves when nothing is being written any more. */
  close(): Promise<void>
}
