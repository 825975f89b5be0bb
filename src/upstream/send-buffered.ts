import { UpstreamUnavailable } from '../model/errors.ts'
import { canonicalTarget } from '../oci/target.ts'
import type { UpstreamAddress } from './address.ts'
import type { BufferedClient } from './buffered-client.ts'
import type { ForwardExchange } from './forward.ts'
import { outboundHeaders, publicHeaders } from './headers.ts'

/** Object storage may take its time to write a tag; the idle guard is off meanwhile. */
const TIMEOUT_MS = 5 * 60_000
const MAX_ANSWER_BYTES = 1024 * 1024

/** One permitted request; its body, if any, has been read. */
export type BufferedExchange = Omit<ForwardExchange, 'res' | 'beforeAnswer'>

export interface BufferedSenderOptions {
  readonly client: BufferedClient
  readonly address: UpstreamAddress
  /** Value of the Authorization header for the registry, if any. */
  readonly authorization: (exchange: BufferedExchange) => Promise<string | undefined>
  /** A 401 of the registry is our fault, not the client's, unless its own token was passed on. */
  readonly refusalIsOurs: boolean
  /** Status of each answer and the seconds until its end; 0 when there was none. */
  readonly observe: (code: number, seconds: number) => void
}

/** The registry's whole answer, its headers as they will go to the client. */
export interface SentAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: Uint8Array
}

/** Sends a request in one piece, however the client fares. @throws UpstreamUnavailable */
export type SendBuffered = (exchange: BufferedExchange, body?: Uint8Array) => Promise<SentAnswer>

/** For manifests, whose push or deletion must be known to have ended. */
export function createBufferedSender(options: BufferedSenderOptions): SendBuffered {
  const { client, address } = options
  return async (exchange, body) => {
    const { peer, request } = exchange
    const authorization = await options.authorization(exchange)
    const incoming = exchange.req.headers
    const {
      'content-length': _length,
      'transfer-encoding': _encoding,
      ...headers
    } = outboundHeaders(incoming, {
      peer,
      request,
      authorization,
    })
    const started = performance.now()
    const observe = (code: number) => options.observe(code, (performance.now() - started) / 1000)
    const answer = await client
      .ask(canonicalTarget(request), {
        method: body === undefined ? 'DELETE' : 'PUT',
        headers,
        ...(body === undefined ? {} : { body }),
        maxBytes: MAX_ANSWER_BYTES,
        timeoutMs: TIMEOUT_MS,
      })
      .catch(error => {
        observe(0)
        throw error
      })
    observe(answer.status)
    if (answer.status === 401 && options.refusalIsOurs) throw refused()
    return {
      status: answer.status,
      headers: publicHeaders(answer.headers, { peer, address }),
      body: answer.body,
    }
  }
}

function refused(): UpstreamUnavailable {
  return new UpstreamUnavailable(
    'refused',
    'the registry refuses the token of landwaiter; its issuer, service or rootcertbundle differ from ours',
  )
}
