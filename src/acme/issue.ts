import type { CertificateOrder, IssuedCertificate } from '../model/certificate-authority.ts'
import { AcmeFailed } from '../model/errors.ts'
import { messageOf } from '../model/message-of.ts'
import { finalizeOrder } from './finalize-order.ts'
import type { OrderRun } from './order-run.ts'
import { type PlacedOrder, placeOrder } from './place-order.ts'
import { proveNames } from './prove-names.ts'
import { resumeOrder } from './resume-order.ts'
import { UnusableCertificate } from './unusable-certificate.ts'

/** The certificate of an order, which may be one of an earlier attempt. Spec: RFC 8555 §7.1.6. */
export async function issue(run: OrderRun, wanted: CertificateOrder): Promise<IssuedCertificate> {
  const earlier = await resumeOrder(run, wanted)
  if (earlier === undefined) return await fulfil(run, await placeOrder(run, wanted), wanted)
  try {
    return await fulfil(run, earlier, wanted)
  } catch (error) {
    if (!isSpoiled(error)) throw error
    run.log.info('earlier order leads nowhere; making another', {
      authority: run.id,
      error: messageOf(error),
    })
    return await fulfil(run, await placeOrder(run, wanted), wanted)
  }
}

async function fulfil(
  run: OrderRun,
  placed: PlacedOrder,
  wanted: CertificateOrder,
): Promise<IssuedCertificate> {
  const isUndecided = placed.state.status === 'pending'
  const challenge = isUndecided ? await proveNames(run, placed, wanted.challenges) : undefined
  return { chain: await finalizeOrder(run, placed, wanted), challenge }
}

/**
 * Whether an earlier order failed by what happened before: the authority looked for our answer while we were away, or
 * the certificate is for the key of then.
 */
function isSpoiled(error: unknown): boolean {
  if (error instanceof UnusableCertificate) return true
  return error instanceof AcmeFailed && (error.failure === 'validation' || error.failure === 'refused')
}
