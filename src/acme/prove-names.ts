import type { ChallengeType } from '../model/certificate-authority.ts'
import { AcmeFailed } from '../model/errors.ts'
import type { OrderRun } from './order-run.ts'
import type { PlacedOrder } from './place-order.ts'
import { failureOf, type NameToProve, proveName } from './prove-name.ts'
import { type Authorization, AuthorizationSchema, parseResource } from './resources.ts'
import { withSignal } from './transport.ts'

/**
 * Proves all names of an order at once; the first that fails stops the others. The type of challenge that was used,
 * `undefined` when earlier proofs still hold.
 */
export async function proveNames(
  run: OrderRun,
  { state }: PlacedOrder,
  types: readonly ChallengeType[],
): Promise<ChallengeType | undefined> {
  const ordered = new Set(state.identifiers.map(({ value }) => value.toLowerCase().replace(/^\*\./, '')))
  const pending: NameToProve[] = []
  for (const url of state.authorizations) {
    const authorization = await read(run, url)
    if (!ordered.has(authorization.identifier.value.toLowerCase())) {
      throw new AcmeFailed(
        'server',
        `${run.id} asks about ${authorization.identifier.value}, which we did not order`,
      )
    }
    if (authorization.status === 'pending') pending.push({ url, authorization, types })
    else if (authorization.status !== 'valid') throw failureOf(run.id, authorization)
  }
  const [used] = await together(run, pending)
  return used
}

async function read(run: OrderRun, url: string): Promise<Authorization> {
  const answer = await run.requests.post(url, null)
  return parseResource(AuthorizationSchema, answer.data, `authorization at ${run.id}`)
}

/** Waits for all, even after a failure, since each has an answer to take back. */
async function together(run: OrderRun, pending: readonly NameToProve[]): Promise<readonly ChallengeType[]> {
  const failed = new AbortController()
  const signal = AbortSignal.any([run.signal, failed.signal])
  const results = await withSignal(signal, () =>
    Promise.allSettled(
      pending.map(async toProve => {
        try {
          return await proveName({ ...run, signal }, toProve)
        } catch (error) {
          failed.abort(error)
          throw error
        }
      }),
    ),
  )
  run.signal.throwIfAborted()
  failed.signal.throwIfAborted()
  return results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
}
