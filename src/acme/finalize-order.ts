import type { CertificateOrder } from '../model/certificate-authority.ts'
import { AcmeFailed } from '../model/errors.ts'
import { checkChain } from './check-chain.ts'
import { createCsr } from './csr.ts'
import type { OrderRun } from './order-run.ts'
import type { PlacedOrder } from './place-order.ts'
import { poll } from './poll.ts'
import { failureOf, readProblem } from './problem.ts'
import { type Order, OrderSchema } from './resources.ts'
import type { SignedAnswer } from './signed-requests.ts'

/**
 * The chain (PEM, leaf first) of an order whose names are proved, checked. Spec: RFC 8555 §7.4.
 * @throws UnusableCertificate, or AcmeFailed when the authority does not issue.
 */
export async function finalizeOrder(
  run: OrderRun,
  placed: PlacedOrder,
  wanted: CertificateOrder,
): Promise<string> {
  const ready = await settle(run, placed, 'pending')
  if (ready.status !== 'ready') return await download(run, await settle(run, placed, 'processing'), wanted)
  const csr = await createCsr(wanted.names, wanted.key)
  const answer = await run.requests.post(ready.finalize, { csr: csr.toString('base64url') })
  return await download(run, await settle(run, placed, 'processing', answer), wanted)
}

/** The order once it is past `status`. */
function settle(
  run: OrderRun,
  placed: PlacedOrder,
  status: Order['status'],
  first?: SignedAnswer,
): Promise<Order> {
  return poll(run, {
    url: placed.url,
    schema: OrderSchema,
    what: `order of ${placed.state.identifiers.map(({ value }) => value).join(', ')}`,
    isDecided: order => order.status !== status,
    ...(first !== undefined && { first }),
  })
}

async function download(run: OrderRun, order: Order, { names, key }: CertificateOrder): Promise<string> {
  if (order.status !== 'valid' || order.certificate === undefined) throw failureOfOrder(run.id, order)
  const answer = await run.requests.post(order.certificate, null)
  const text = typeof answer.data === 'string' ? answer.data : ''
  return checkChain(text, { id: run.id, names, key, now: run.clock() })
}

function failureOfOrder(id: string, order: Order): AcmeFailed {
  const problem = readProblem(order.error)
  const why = problem === undefined ? `the order is ${order.status}` : problem.text
  const failure = problem === undefined ? 'server' : failureOf(400, problem)
  return new AcmeFailed(
    failure,
    `${id} does not issue: ${why}`,
    problem?.type === undefined ? {} : { problem: problem.type },
  )
}
