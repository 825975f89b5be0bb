import { randomInt } from 'node:crypto'
import type { CertificateEvent } from '../model/certificate-event.ts'
import { messageOf } from '../model/message-of.ts'
import { askRenewalWindow } from './ask-renewal-window.ts'
import { AttemptFailed } from './attempt-failed.ts'
import { type CertificateRecord, createCertificateRecord, type RecordOptions } from './certificate-record.ts'
import { type CertificateReports, createCertificateReports } from './certificate-reports.ts'
import { type CertificateTiming, certificateTiming } from './certificate-timing.ts'
import { isFromTestStage } from './is-from-test-stage.ts'
import { LeaseLost } from './lease.ts'
import { type Obtained, type ObtainOptions, obtainCertificate } from './obtain-certificate.ts'
import { obtainContext } from './obtain-context.ts'
import { isWaitedForAlike, nextAttemptAt } from './retry-delay.ts'
import type { StoredCertificate } from './stored-certificate.ts'
import { type PrecautionOptions, takePrecautions } from './take-precautions.ts'

export interface ManagedOptions extends ObtainOptions, RecordOptions, PrecautionOptions {
  /** RFC 9773 identifier of a PEM chain; `undefined` when the certificate has no authority key identifier. */
  readonly certificateId: (chain: string) => Promise<string | undefined>
  readonly onEvent: (event: CertificateEvent) => void
  /** Called when another certificate is to be served. */
  readonly onChange: () => void
}

/** What there is to say of a managed certificate; times in ms since the epoch. */
export interface ManagedStatus {
  readonly nextRenewal: number | undefined
  /** Failed attempts in a row. */
  readonly failedAttempts: number
  readonly lastError: string | undefined
  readonly nextAttempt: number
  readonly explanationUrl: string | undefined
}

/** One certificate that is kept valid. */
export interface ManagedCertificate {
  readonly name: string
  current(): StoredCertificate | undefined
  status(): ManagedStatus
  /** When there will be something to do, ms since the epoch. */
  nextAt(): number
  /** Reads what is stored. */
  load(): Promise<void>
  /** Does what is due. Rejects only when `signal` aborts. */
  tick(signal: AbortSignal): Promise<void>
  /** Gets a new certificate now. @throws AttemptFailed */
  renew(signal: AbortSignal): Promise<void>
}

const OBTAINED_KEPT = 10

interface Managed {
  readonly options: ManagedOptions
  readonly record: CertificateRecord
  readonly reports: CertificateReports
}

/**
 * The state machine of one certificate: what is stored, else obtained; renewed when due; after a failure tried again
 * in good time. Every change is on disk before the next step, under a lock that all processes of the store share.
 */
export function createManagedCertificate(options: ManagedOptions): ManagedCertificate {
  const record = createCertificateRecord(options)
  const managed: Managed = { options, record, reports: createCertificateReports(options) }
  let running = Promise.resolve()
  const alone = (work: () => Promise<void>): Promise<void> => {
    const result = running.then(work)
    running = result.catch(() => {}) // whoever asked is told
    return result
  }
  return {
    name: options.name,
    current: () => record.current(),
    status: () => statusOf(managed),
    nextAt: () => timingOf(managed).nextAt,
    load: async () => {
      if (await record.sync()) options.onChange()
    },
    tick: signal => alone(() => tick(managed, signal)),
    renew: signal => {
      const asked = { generation: record.current()?.generation, at: options.clock() }
      return alone(() => locked(managed, held => renewSince(managed, asked, held), signal))
    },
  }
}

function statusOf(managed: Managed): ManagedStatus {
  const { failures, renewal } = managed.record.state()
  const { renewalAt, dueAt } = timingOf(managed)
  return {
    nextRenewal: renewalAt,
    failedAttempts: failures?.count ?? 0,
    lastError: failures?.message ?? managed.record.unsavedReason(),
    nextAttempt: dueAt,
    explanationUrl: renewal?.window?.explanationUrl,
  }
}

function timingOf({ record, options }: Managed): CertificateTiming {
  const current = record.current()
  const isUnwanted = current !== undefined && isFromTestStage(current, options.choices)
  return certificateTiming({ current, state: record.state(), isUnwanted })
}

async function tick(managed: Managed, signal: AbortSignal): Promise<void> {
  const { record, options, reports } = managed
  await adopt(managed)
  const current = record.current()
  if (current !== undefined) reports.warnIfExpiring(current, record.state().failures?.message)
  if (options.clock() < timingOf(managed).nextAt) return
  try {
    await locked(managed, held => doWhatIsDue(managed, held), signal)
  } catch (error) {
    signal.throwIfAborted()
    // Whoever took the lock over goes on, and writes what is to be known.
    if (error instanceof AttemptFailed || error instanceof LeaseLost) return
    const problem = await options.store.writeProblem()
    await fail(managed, problem === undefined ? asFailed(error) : new AttemptFailed('storage', problem))
  }
}

/** A certificate that came since somebody asked for a new one is what they asked for. */
async function renewSince(
  managed: Managed,
  asked: { readonly generation: number | undefined; readonly at: number },
  signal: AbortSignal,
): Promise<void> {
  const current = managed.record.current()
  // One that another process obtained before is new to us only.
  const hasCome =
    current !== undefined && current.generation !== asked.generation && current.obtainedAt >= asked.at
  if (!hasCome) await attempt(managed, signal)
}

async function doWhatIsDue(managed: Managed, signal: AbortSignal): Promise<void> {
  const { record, options } = managed
  const { clock, choices } = options
  const current = record.current()
  if (current !== undefined && clock() >= timingOf(managed).askAt) {
    const issuer = choices.find(({ authority }) => authority.id === current.authority)?.authority
    const asked = await askRenewalWindow({ current, state: record.state() }, issuer, { ...options, signal })
    await record.save({ renewal: asked })
  }
  if (clock() >= timingOf(managed).dueAt) await attempt(managed, signal)
}

/** Runs `work` with what other processes left, while none of them works on this certificate. */
function locked(
  managed: Managed,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { store, name } = managed.options
  return store.exclusively(
    `certificate-${name}`,
    async held => {
      await adopt(managed)
      await work(AbortSignal.any([held, signal]))
    },
    signal,
  )
}

async function adopt(managed: Managed): Promise<void> {
  const { record, options } = managed
  const before = record.current()
  if (!(await record.sync())) return
  const current = record.current()
  options.onChange()
  if (current === undefined) return
  if (before !== undefined) managed.reports.changed('adopted', current)
}

async function attempt(managed: Managed, signal: AbortSignal): Promise<void> {
  const { record, options } = managed
  try {
    await takePrecautions(record, options, signal)
    const context = await obtainContext(record, options)
    await take(managed, await obtainCertificate(options, context, signal))
  } catch (error) {
    signal.throwIfAborted()
    const failed = error instanceof AttemptFailed ? error : asFailed(error)
    await fail(managed, failed)
    throw failed
  }
}

async function take(
  { record, options, reports }: Managed,
  { key, chain, challenge, authority }: Obtained,
): Promise<void> {
  const { clock } = options
  const isFirst = record.current() === undefined
  const proof = challenge === undefined ? {} : { challenge }
  const { id, directory } = authority
  await record.keep({ key, chain, authority: id, directory, obtainedAt: clock(), ...proof })
  options.onChange()
  const obtained = [...record.state().obtained, clock()].slice(-OBTAINED_KEPT)
  await record.save({
    pending: undefined,
    failures: undefined,
    unreachableSince: undefined,
    obtained,
    ...proof,
  })
  const current = record.current()
  if (current !== undefined) reports.changed(isFirst ? 'obtained' : 'renewed', current)
  reports.warnOfSkew(id, authority.clockSkewMs() ?? 0)
}

async function fail({ record, options, reports }: Managed, failed: AttemptFailed): Promise<void> {
  const { clock } = options
  const { failure, message, retryAfterMs } = failed
  const current = record.current()
  const remainingMs = current === undefined ? undefined : current.pair.notAfter - clock()
  const { failures: before, waitUntil } = record.state()
  const validations = (before?.validations ?? 0) + (failure === 'validation' ? 1 : 0)
  const isAlike = before !== undefined && isWaitedForAlike(before.failure, failure)
  const inARow = isAlike ? before.count + 1 : 1
  // A failure of another kind in between gives back none of the validations that an authority allows.
  const count = failure === 'validation' ? validations : inARow
  const random = randomInt(1_000_000) / 1_000_000
  const attempt = { failure, count, remainingMs, retryAfterMs, random }
  const nextAt = nextAttemptAt(attempt, { now: clock(), waitUntil })
  await record.save({
    failures: { count, validations, failure, message, at: clock(), nextAt, setup: options.setup },
  })
  reports.failed(failed, { count, nextAt, isRenewal: current !== undefined })
}

function asFailed(error: unknown): AttemptFailed {
  return new AttemptFailed('internal', messageOf(error), { cause: error })
}
