import type { ChallengeType } from '../model/certificate-authority.ts'
import { AcmeFailed } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import type { OrderRun } from './order-run.ts'
import { poll } from './poll.ts'
import { failureOfValidation, readProblem } from './problem.ts'
import { type Authorization, AuthorizationSchema, type OfferedChallenge } from './resources.ts'

/** One name that the authority wants to see proved. */
export interface NameToProve {
  /** URL of the authorization. */
  readonly url: string
  readonly authorization: Authorization
  /** What can be answered here, in order of trial. */
  readonly types: readonly ChallengeType[]
}

type Chosen = OfferedChallenge & { readonly type: ChallengeType; readonly token: string }

/**
 * The type of the challenge by which the authority verified the name. The answer is taken back whatever happens.
 * @throws AcmeFailed of kind `validation` when the authority could not verify it, saying what it saw.
 */
export async function proveName(run: OrderRun, toProve: NameToProve): Promise<ChallengeType> {
  const { value: name } = toProve.authorization.identifier
  const challenge = choose(run, toProve)
  const { type, token } = challenge
  const keyAuthorization = await run.requests.keyAuthorization(token)
  const takeBack = await run.answer({ type, name, token, keyAuthorization }, run.signal)
  try {
    run.signal.throwIfAborted()
    // One that is processing was announced before a restart.
    if (challenge.status === 'pending') await run.requests.post(challenge.url, {})
    const decided = await poll(run, {
      url: toProve.url,
      schema: AuthorizationSchema,
      what: `proof of ${name}`,
      isDecided: ({ status }) => status !== 'pending',
    })
    if (decided.status !== 'valid') throw failureOf(run.id, decided)
    return type
  } finally {
    await takeBack().catch(error => {
      run.log.warn('answer to a challenge could not be removed', { name, type, error: messageOf(error) })
    })
  }
}

/** Why a name is not verified: the error in its challenge, with the address that was used. Spec: RFC 8555 §8. */
export function failureOf(id: string, { identifier, status, challenges }: Authorization): AcmeFailed {
  const failed = challenges.find(challenge => challenge.error !== undefined)
  const problem = readProblem(failed?.error)
  const addresses = (failed?.validationRecord ?? []).flatMap(record => record.addressUsed ?? [])
  const by = failed === undefined ? '' : ` by ${failed.type}`
  const why = problem === undefined ? `its proof is ${status}` : problem.text
  const at = addresses.length === 0 ? '' : ` (address used: ${addresses.join(', ')})`
  return new AcmeFailed(
    failureOfValidation(problem),
    `${id} could not verify ${identifier.value}${by}: ${why}${at}`,
    problem?.type === undefined ? {} : { problem: problem.type },
  )
}

function choose({ id }: OrderRun, { authorization, types }: NameToProve): Chosen {
  const usable = types.flatMap(type =>
    authorization.challenges.flatMap(({ token, ...offered }) =>
      offered.type === type && token !== undefined && offered.status !== 'invalid'
        ? [{ ...offered, type, token }]
        : [],
    ),
  )
  const [chosen] = [...usable.filter(({ status }) => status === 'processing'), ...usable]
  if (chosen !== undefined) return chosen
  const offered = authorization.challenges.map(({ type }) => type).join(', ') || 'no challenge'
  const hint = offered.includes('dns-01') && !types.includes('dns-01') ? ': set tls.acme.dns' : ''
  throw new AcmeFailed(
    'refused',
    `${id} offers ${offered} for ${authorization.identifier.value}, but only ${types.join(', ')} can be answered here${hint}`,
  )
}
