import type { RenewalWindow } from '../model/certificate-authority.ts'
import { AcmeFailed } from '../model/errors.ts'
import type { Clock } from '../model/ports.ts'
import { certificateId } from './certificate-id.ts'
import { jsonOf } from './json-of.ts'
import { parseResource, RenewalInfoSchema } from './resources.ts'
import { parseRetryAfter } from './retry-after.ts'
import { sendRequest } from './transport.ts'

const SHORTEST_WAIT_MS = 60_000
const LONGEST_WAIT_MS = 86_400_000

/** The authority that is asked. */
export interface RenewalSource {
  readonly id: string
  /** URL of its resource `renewalInfo`. */
  readonly renewalInfo: string
  readonly clock: Clock
}

/**
 * When the authority wants the certificate renewed; `undefined` when the certificate does not name its issuer.
 * @throws AcmeFailed of kind `server` when the answer is malformed. Spec: RFC 9773 §4.
 */
export async function fetchRenewalWindow(
  chain: string,
  source: RenewalSource,
): Promise<RenewalWindow | undefined> {
  const certId = await certificateId(chain)
  if (certId === undefined) return undefined
  const reply = await sendRequest({ url: `${source.renewalInfo}/${certId}`, method: 'GET' })
  const what = `renewal information of ${source.id}`
  const info = parseResource(RenewalInfoSchema, jsonOf(reply.body), what)
  const start = Date.parse(info.suggestedWindow.start)
  const end = Date.parse(info.suggestedWindow.end)
  if (!(start < end)) throw new AcmeFailed('server', `${what} is not as ACME wants it: its window is empty`)
  const wait = parseRetryAfter(reply.headers['retry-after'], source.clock())
  return {
    start,
    end,
    ...(info.explanationURL !== undefined && { explanationUrl: info.explanationURL }),
    ...(wait !== undefined && { retryAfterMs: Math.min(Math.max(wait, SHORTEST_WAIT_MS), LONGEST_WAIT_MS) }),
  }
}
