import { isIP } from 'node:net'
import type { CertificateOrder } from '../model/certificate-authority.ts'
import { AcmeFailed } from '../model/errors.ts'
import type { OrderRun } from './order-run.ts'
import { type Order, OrderSchema, parseResource } from './resources.ts'
import type { SignedAnswer } from './signed-requests.ts'

/** An order that the authority has accepted. */
export interface PlacedOrder {
  readonly url: string
  readonly state: Order
}

interface NewOrder {
  readonly identifiers: readonly Identifier[]
  readonly replaces?: string
  readonly profile?: string
}

interface Identifier {
  readonly type: string
  readonly value: string
}

/** What authorities say to `replaces`: replaced already; issued by another authority; ordered by another account. */
const REPLACES_REFUSED: ReadonlySet<string | undefined> = new Set([
  'alreadyReplaced',
  'malformed',
  'unauthorized',
])

/** A new order, made known to `wanted.onOrder` before anything else happens to it. Spec: RFC 8555 §7.4, RFC 9773 §5. */
export async function placeOrder(run: OrderRun, wanted: CertificateOrder): Promise<PlacedOrder> {
  const replaces = run.directory.renewalInfo === undefined ? undefined : wanted.replaces
  const answer = await postWithoutStumbling(run, {
    identifiers: identifiersOf(wanted.names),
    ...(replaces !== undefined && { replaces }),
    ...profileOf(run, wanted.profile),
  })
  const url = answer.headers['location']
  if (url === undefined) throw new AcmeFailed('server', `${run.id} does not say where our order is`)
  const state = parseResource(OrderSchema, answer.data, `order at ${run.id}`)
  await wanted.onOrder(url)
  run.log.debug('certificate ordered', { authority: run.id, names: wanted.names, order: url })
  return { url, state }
}

/** Identifiers as they stand in an order. Spec: RFC 8555 §9.7.7, RFC 8738 §3. */
export function identifiersOf(names: readonly string[]): readonly Identifier[] {
  return names.map(value => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))
}

/**
 * Posts once more without `replaces` when the authority stumbles over it, which it would do at every attempt. Pebble 2.6
 * finds no certificate whose serial number begins with a zero byte (RFC 9773 §4.1).
 */
async function postWithoutStumbling(run: OrderRun, payload: NewOrder): Promise<SignedAnswer> {
  try {
    return await postOrder(run, payload)
  } catch (error) {
    const isStumbling = error instanceof AcmeFailed && error.problem === 'serverInternal'
    if (payload.replaces === undefined || !isStumbling) throw error
    const { replaces, ...plain } = payload
    run.log.warn('certificate authority cannot tell what an order replaces; it replaces nothing', {
      authority: run.id,
      replaces,
      reason: error.message,
    })
    return await postOrder(run, plain)
  }
}

async function postOrder(run: OrderRun, payload: NewOrder): Promise<SignedAnswer> {
  try {
    return await run.requests.post(run.directory.newOrder, payload)
  } catch (error) {
    const isAboutIt = error instanceof AcmeFailed && REPLACES_REFUSED.has(error.problem)
    if (payload.replaces === undefined || !isAboutIt) throw error
    throw new AcmeFailed('replaced', error.message, { problem: error.problem ?? '', cause: error })
  }
}

function profileOf(
  { id, directory, log }: OrderRun,
  profile: string | undefined,
): { readonly profile?: string } {
  if (profile === undefined) return {}
  const offered = Object.keys(directory.meta?.profiles ?? {})
  if (offered.includes(profile)) return { profile }
  log.warn('certificate authority has no such profile; it chooses one', { authority: id, profile, offered })
  return {}
}
