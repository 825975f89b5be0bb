import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type {
  CertificateAuthority,
  ChallengeType,
  IssuedCertificate,
} from '../model/certificate-authority.ts'
import { AcmeFailed } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import type { Clock, Log } from '../model/ports.ts'
import { Secret } from '../model/secret.ts'
import { AttemptFailed } from './attempt-failed.ts'
import { attemptSummary } from './attempt-summary.ts'
import { LONGEST_WAIT_MS } from './believable-state.ts'
import type { CertificateState } from './certificate-state.ts'
import { challengeOrder } from './challenge-order.ts'

/** One authority and what is asked of it. */
export interface AuthorityChoice {
  readonly authority: CertificateAuthority
  readonly profile?: string | undefined
  /** Its test stage: after a failed validation it is asked first, since it does not count failures as strictly. */
  readonly rehearsal?: CertificateAuthority | undefined
}

export interface ObtainOptions {
  readonly name: string
  /** In order of trial. */
  readonly choices: readonly AuthorityChoice[]
  /** In order of trial; those that cannot prove this kind of name are passed over. */
  readonly challenges: readonly ChallengeType[]
  readonly clock: Clock
  readonly log: Log
}

/** The present certificate, what is known, and how to keep it. */
export interface ObtainContext {
  readonly state: () => CertificateState
  readonly save: (change: Partial<CertificateState>) => Promise<void>
  /** Whether the present certificate can still be served. */
  readonly isServing: boolean
  /** RFC 9773 identifier of the present certificate, and who issued it. */
  readonly replaces?:
    | { readonly id: string; readonly authority: string; readonly generation: number }
    | undefined
}

/** A certificate, its key, and who issued it. */
export interface Obtained extends IssuedCertificate {
  readonly key: Secret
  readonly authority: CertificateAuthority
}

/** Orders are good for a week or so; an older one is not worth a question. */
const PENDING_MAX_MS = 7 * 86_400_000
/** An authority that cannot be reached is not given up for the next one at the first failure. */
const PATIENCE = 2

/**
 * A certificate from the first authority that issues one.
 * @throws AttemptFailed with the reasons of all that were asked, of the kind that may pass soonest; the signal's reason
 * when it aborts.
 */
export async function obtainCertificate(
  options: ObtainOptions,
  context: ObtainContext,
  signal: AbortSignal,
): Promise<Obtained> {
  const reasons: AttemptFailed[] = []
  for (const choice of options.choices) {
    const wait = waitOf(choice, options, context)
    if (wait !== undefined) {
      reasons.push(wait)
      continue
    }
    try {
      return await obtainFrom(choice, { options, context }, signal)
    } catch (error) {
      signal.throwIfAborted()
      const failed = attemptFailed(error, choice.authority.id)
      reasons.push(failed)
      await rememberWait(failed, { options, context })
      if (!movesOn(failed, context)) break
    }
  }
  throw attemptSummary(reasons)
}

interface Run {
  readonly options: ObtainOptions
  readonly context: ObtainContext
}

function waitOf(
  { authority }: AuthorityChoice,
  { clock }: ObtainOptions,
  { state }: ObtainContext,
): AttemptFailed | undefined {
  const until = state().waitUntil[authority.id] ?? 0
  const remaining = until - clock()
  if (remaining <= 0) return undefined
  const message = `${authority.id} asked us to wait until ${new Date(until).toISOString()}`
  return new AttemptFailed('limited', message, { authority: authority.id, retryAfterMs: remaining })
}

/** Lets an authority be until the time that it named. */
async function rememberWait(
  { failure, authority, retryAfterMs }: AttemptFailed,
  { options, context }: Run,
): Promise<void> {
  if (authority === undefined || retryAfterMs === undefined) return
  if (failure !== 'limited' && failure !== 'server') return
  const until = options.clock() + Math.min(retryAfterMs, LONGEST_WAIT_MS)
  await context.save({ waitUntil: { ...context.state().waitUntil, [authority]: until } })
}

/** Whether the next authority is asked in the same attempt. */
function movesOn({ failure }: AttemptFailed, { state, isServing }: ObtainContext): boolean {
  const { failures } = state()
  const before = failures?.failure === failure ? failures.count : 0
  switch (failure) {
    case 'limited':
    case 'refused':
    case 'account':
      return true
    case 'network':
    case 'server':
      return !isServing || before >= PATIENCE
    case 'validation':
      return before >= PATIENCE
    default:
      return false
  }
}

async function obtainFrom(choice: AuthorityChoice, run: Run, signal: AbortSignal): Promise<Obtained> {
  const { options, context } = run
  const types = challengeOrder(options, context.state())
  const { failures } = context.state()
  if (choice.rehearsal !== undefined && (failures?.validations ?? 0) > 0) {
    await rehearse(choice.rehearsal, { options, types }, signal)
  }
  try {
    return await order(choice, { ...run, types }, signal)
  } catch (error) {
    // Every failed validation counts at the authority, so only a first attempt tries two ways at once.
    const others = types.slice(1)
    if (!isFailure(error, 'validation') || failures !== undefined || others.length === 0) throw error
    options.log.warn('a name could not be verified, the next challenge is tried', {
      name: options.name,
      authority: choice.authority.id,
      challenge: types[0],
      next: others[0],
      reason: messageOf(error),
    })
    return await order(choice, { ...run, types: others }, signal)
  }
}

async function rehearse(
  rehearsal: CertificateAuthority,
  { options, types }: { readonly options: ObtainOptions; readonly types: readonly ChallengeType[] },
  signal: AbortSignal,
): Promise<void> {
  const { name, log } = options
  const authority = rehearsal.id
  const key = await newKey()
  try {
    await rehearsal.issue({ names: [name], key, challenges: types, onOrder: async () => {} }, signal)
    log.info('the test stage could verify the name, now the authority is asked', { name, authority })
  } catch (error) {
    signal.throwIfAborted()
    // Only about the name does the test stage say what the authority would say.
    if (isFailure(error, 'validation')) throw error
    log.info('the test stage cannot tell, the authority is asked', {
      name,
      authority,
      reason: messageOf(error),
    })
  }
}

interface OrderRun extends Run {
  readonly types: readonly ChallengeType[]
}

async function order(choice: AuthorityChoice, run: OrderRun, signal: AbortSignal): Promise<Obtained> {
  const { replaces, state, save } = run.context
  const isAccepted = replaces !== undefined && state().notReplacing !== replaces.generation
  const id = isAccepted && replaces.authority === choice.authority.id ? replaces.id : undefined
  try {
    return await place(choice, { ...run, replaces: id }, signal)
  } catch (error) {
    if (id === undefined || !isFailure(error, 'replaced')) throw error
    await save({ notReplacing: replaces?.generation })
    return await place(choice, { ...run, replaces: undefined }, signal)
  }
}

async function place(
  { authority, profile }: AuthorityChoice,
  { options, context, types, replaces }: OrderRun & { readonly replaces: string | undefined },
  signal: AbortSignal,
): Promise<Obtained> {
  const { clock, name } = options
  const pending = pendingAt(authority, context.state(), clock())
  // A key of its own for every certificate: a stolen one is worth nothing after the renewal.
  const key = pending === undefined ? await newKey() : new Secret(pending.key)
  const onOrder = (url: string) =>
    context.save({ pending: { authority: authority.id, url, key: key.reveal(), since: clock() } })
  try {
    const issued = await authority.issue(
      { names: [name], key, challenges: types, profile, replaces, url: pending?.url, onOrder },
      signal,
    )
    return { ...issued, key, authority }
  } catch (error) {
    // After a failed validation the order is dead; in every other case it may still be taken up.
    if (isFailure(error, 'validation')) await context.save({ pending: undefined })
    throw error
  }
}

function pendingAt({ id }: CertificateAuthority, { pending }: CertificateState, now: number) {
  if (pending?.authority !== id || now - pending.since > PENDING_MAX_MS) return undefined
  return pending
}

async function newKey(): Promise<Secret> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  return new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
}

function isFailure(error: unknown, failure: AcmeFailed['failure']): boolean {
  return error instanceof AcmeFailed && error.failure === failure
}

function attemptFailed(error: unknown, authority: string): AttemptFailed {
  if (error instanceof AttemptFailed) return error
  if (!(error instanceof AcmeFailed)) {
    return new AttemptFailed('internal', messageOf(error), { authority, cause: error })
  }
  const { failure, message, retryAfterMs } = error
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
  return new AttemptFailed(failure, message, { authority, cause: error, ...wait })
}
