import type { CertificateOrder } from '../model/certificate-authority.ts'
import { AcmeFailed } from '../model/errors.ts'
import type { OrderRun } from './order-run.ts'
import { identifiersOf, type PlacedOrder } from './place-order.ts'
import { type Order, OrderSchema, parseResource } from './resources.ts'

/** The order of an earlier attempt; `undefined` when there is none, or none that can still lead to these names. */
export async function resumeOrder(run: OrderRun, wanted: CertificateOrder): Promise<PlacedOrder | undefined> {
  const { url } = wanted
  if (url === undefined) return undefined
  const state = await readOrder(run, url)
  if (state === undefined || state.status === 'invalid' || !isFor(state, wanted.names)) return undefined
  const expires = Date.parse(state.expires ?? '')
  if (state.status !== 'valid' && expires <= run.clock()) return undefined
  run.log.debug('earlier order taken up', { authority: run.id, names: wanted.names, order: url })
  return { url, state }
}

async function readOrder(run: OrderRun, url: string): Promise<Order | undefined> {
  try {
    const answer = await run.requests.post(url, null)
    return parseResource(OrderSchema, answer.data, `order at ${run.id}`)
  } catch (error) {
    // It is gone, or belongs to an account that we had before.
    if (error instanceof AcmeFailed && error.failure === 'refused') return undefined
    throw error
  }
}

function isFor(order: Order, names: readonly string[]): boolean {
  const keys = (all: readonly { readonly type: string; readonly value: string }[]) =>
    all.map(one => `${one.type}:${one.value.toLowerCase()}`).sort()
  return keys(order.identifiers).join() === keys(identifiersOf(names)).join()
}
