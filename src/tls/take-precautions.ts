import type { Clock } from '../model/ports.ts'
import { AttemptFailed } from './attempt-failed.ts'
import type { CertificateRecord } from './certificate-record.ts'
import type { CertificateStore } from './certificate-store.ts'

export interface PrecautionOptions {
  readonly name: string
  readonly store: CertificateStore
  /** Why the authority would not reach us, in sentences; empty when nothing was found. */
  readonly preflight?: ((name: string, signal: AbortSignal) => Promise<readonly string[]>) | undefined
  readonly clock: Clock
}

const PREFLIGHT_PATIENCE_MS = 10 * 60_000

/** Resolves when an order makes sense. @throws AttemptFailed of kind `storage` or `preflight` when it does not. */
export async function takePrecautions(
  record: CertificateRecord,
  options: PrecautionOptions,
  signal: AbortSignal,
): Promise<void> {
  await requireStorage(options.store)
  await lookAhead(record, options, signal)
}

/** A certificate that cannot be kept would be ordered again at every start, until the authority's limit. */
async function requireStorage(store: CertificateStore): Promise<void> {
  const problem = await store.writeProblem()
  if (problem === undefined) return
  throw new AttemptFailed('storage', `nothing is ordered as long as it could not be kept: ${problem}`)
}

async function lookAhead(
  record: CertificateRecord,
  { preflight, name, clock }: PrecautionOptions,
  signal: AbortSignal,
): Promise<void> {
  if (preflight === undefined) return
  const problems = await preflight(name, signal)
  const since = problems.length === 0 ? undefined : (record.state().unreachableSince ?? clock())
  if (since !== record.state().unreachableSince) await record.save({ unreachableSince: since })
  // What we see of ourselves may be wrong, behind some routers it always is.
  if (since !== undefined && clock() - since < PREFLIGHT_PATIENCE_MS) {
    throw new AttemptFailed('preflight', problems.join('; '))
  }
}
