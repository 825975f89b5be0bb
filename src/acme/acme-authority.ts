import { X509Certificate } from 'node:crypto'
import {
  type AcmeAccounts,
  type AnswerChallenge,
  type CertificateAuthority,
  REVOCATION_REASONS,
  type RevocationReason,
} from '../model/certificate-authority.ts'
import { AcmeFailed } from '../model/errors.ts'
import type { Clock, Log } from '../model/ports.ts'
import { createAccountKeeper } from './account.ts'
import type { AccountSession } from './account-session.ts'
import { createDirectoryReader } from './directory-reader.ts'
import { issue } from './issue.ts'
import { fetchRenewalWindow } from './renewal-window.ts'
import type { Directory } from './resources.ts'
import type { Eab } from './signed-requests.ts'
import { createTransport } from './transport.ts'

export interface AcmeAuthorityOptions {
  /** As `authorityId` makes it. */
  readonly id: string
  /** URL. */
  readonly directory: string
  /** PEM of the only roots that vouch for the authority's server; absent: the usual ones. */
  readonly caRoots?: string | undefined
  readonly email?: string | undefined
  readonly eab?: Eab | undefined
  readonly accounts: AcmeAccounts
  readonly answer: AnswerChallenge
  readonly log: Log
  readonly clock: Clock
  readonly userAgent?: string | undefined
  /** How long one request may take, 30 s unless told. */
  readonly timeoutMs?: number | undefined
  /** How long the authority may take to decide about one name or order, 5 min unless told. */
  readonly patienceMs?: number | undefined
}

const TIMEOUT_MS = 30_000
const PATIENCE_MS = 300_000

/**
 * An authority that speaks ACME. Nothing is asked before the first call. What its calls throw beside AcmeFailed is the
 * reason of the signal, or comes from `accounts`, `answer` or `onOrder`. Spec: RFC 8555, RFC 8737, RFC 8738, RFC 9773.
 */
export function createAcmeAuthority(options: AcmeAuthorityOptions): CertificateAuthority {
  const { id, log, clock, answer } = options
  const transport = createTransport({
    id,
    caRoots: options.caRoots,
    userAgent: options.userAgent ?? 'landwaiter',
    clock,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
  })
  const readDirectory = createDirectoryReader({ id, url: options.directory, clock })
  const keeper = createAccountKeeper(options)
  const perform = <T>(signal: AbortSignal, work: (directory: Directory) => Promise<T>) =>
    transport.perform(signal, async () => {
      signal.throwIfAborted()
      return await work(await readDirectory())
    })
  return {
    id,
    directory: options.directory,
    issue: (order, signal) =>
      perform(signal, directory =>
        keeper.withAccount({ directory, signal }, ({ requests }) => {
          const patienceMs = options.patienceMs ?? PATIENCE_MS
          return issue({ id, directory, requests, answer, log, clock, signal, patienceMs }, order)
        }),
      ),
    renewalWindow: (chain, signal) =>
      perform(signal, async ({ renewalInfo }) =>
        renewalInfo === undefined ? undefined : await fetchRenewalWindow(chain, { id, renewalInfo, clock }),
      ),
    revoke: (chain, reason, signal) =>
      perform(signal, directory =>
        keeper.withAccount({ directory, signal }, session => revoke(session, directory, { chain, reason })),
      ),
    clockSkewMs: () => transport.clockSkewMs(),
    close: () => transport.close(),
  }
}

/** Spec: RFC 8555 §7.6. */
async function revoke(
  { requests }: AccountSession,
  { revokeCert }: Directory,
  { chain, reason }: { readonly chain: string; readonly reason: RevocationReason },
): Promise<void> {
  const certificate = new X509Certificate(chain).raw.toString('base64url')
  try {
    await requests.post(revokeCert, { certificate, reason: REVOCATION_REASONS[reason] })
  } catch (error) {
    if (!(error instanceof AcmeFailed) || error.problem !== 'alreadyRevoked') throw error
  }
}
