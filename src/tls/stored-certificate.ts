import { CHALLENGE_TYPES, type ChallengeType } from '../model/certificate-authority.ts'
import type { Secret } from '../model/secret.ts'
import { CertificateFileError } from './certificate-file-error.ts'
import { parseJsonFile } from './json-file.ts'
import { type KeyPair, parseKeyPair } from './key-pair.ts'

/** One certificate as stored; a generation is never changed once written. */
export interface StoredCertificate {
  /** 1, 2, … */
  readonly generation: number
  /** The name that it was obtained for. */
  readonly name: string
  /** `CertificateAuthority.id`, or `imported:…`. */
  readonly authority: string
  /** URL of the authority's directory. */
  readonly directory?: string
  /** Milliseconds since the epoch, as is `revokedAt`. */
  readonly obtainedAt: number
  /** What the authority verified. */
  readonly challenge?: ChallengeType
  readonly revokedAt?: number
  readonly pair: KeyPair
}

/** A certificate to store. */
export interface NewCertificate {
  /** PEM of the private key. */
  readonly key: Secret
  /** PEM, leaf first. */
  readonly chain: string
  readonly authority: string
  readonly directory?: string
  readonly challenge?: ChallengeType
  readonly obtainedAt: number
}

/** A stored certificate whose format this version does not know; the file must be left alone. */
export class NewerBundle extends CertificateFileError {}

const VERSION = 1

/**
 * Text of the bundle, one file, so that key and certificate cannot come apart.
 * @throws CertificateFileError when key and chain do not belong together.
 */
export function formatBundle(file: string, name: string, certificate: NewCertificate): string {
  const { key, chain, ...origin } = certificate
  parsePair(file, { key: key.reveal(), chain })
  return `${JSON.stringify({ version: VERSION, name, ...origin, chain, key: key.reveal() }, null, 1)}\n`
}

/**
 * What a bundle holds.
 * @throws NewerBundle, or CertificateFileError when it is damaged.
 */
export function parseBundle(file: string, text: string): Omit<StoredCertificate, 'generation' | 'revokedAt'> {
  const bundle = parseJsonFile(file, text)
  const { version, name, authority, directory, obtainedAt, challenge, key, chain } = bundle
  if (typeof version === 'number' && version > VERSION) {
    throw new NewerBundle(
      file,
      `was written by a newer landwaiter (format ${version}); use that version, or move the file away`,
    )
  }
  if (
    version !== VERSION ||
    typeof name !== 'string' ||
    typeof authority !== 'string' ||
    typeof obtainedAt !== 'number' ||
    typeof key !== 'string' ||
    typeof chain !== 'string'
  ) {
    throw new CertificateFileError(file, 'is not a certificate bundle')
  }
  return {
    name,
    authority,
    obtainedAt,
    ...(typeof directory === 'string' ? { directory } : {}),
    ...(isChallengeType(challenge) ? { challenge } : {}),
    pair: parsePair(file, { key, chain }),
  }
}

function isChallengeType(value: unknown): value is ChallengeType {
  return CHALLENGE_TYPES.some(type => type === value)
}

function parsePair(file: string, { key, chain }: { readonly key: string; readonly chain: string }): KeyPair {
  return parseKeyPair({ certificate: { file, text: chain }, key: { file, text: key } })
}
