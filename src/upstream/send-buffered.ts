import type { IncomingHttpHeaders } from 'node:http'
import { Agent, type Dispatcher, request as send } from 'undici'
import { UpstreamUnavailable } from '../model/errors.ts'
import { canonicalTarget } from '../oci/target.ts'
import type { UpstreamAddress } from './address.ts'
import type { ForwardExchange } from './forward.ts'
import { outboundHeaders, publicHeaders } from './headers.ts'
import { unavailable } from './unavailable.ts'
import { undiciTarget } from './undici-target.ts'

const CONNECT_TIMEOUT_MS = 5_000
/** Object storage may take its time to write a tag; the idle guard is off meanwhile. */
const TIMEOUT_MS = 5 * 60_000
const CONNECTIONS = 64

/** One permitted request; its body, if any, has been read. */
export type BufferedExchange = Omit<ForwardExchange, 'res' | 'beforeAnswer'>

export interface BufferedSenderOptions {
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

/** Sends pushes and deletions of manifests, which must be known to have ended. */
export interface BufferedSender {
  /**
   * The answer to a PUT of `body`, or to a DELETE without one, however the client fares; sent once.
   * @throws UpstreamUnavailable when there is no whole answer, or the registry refuses our token.
   */
  send(exchange: BufferedExchange, body?: Uint8Array): Promise<SentAnswer>
  close(): Promise<void>
}

export function createBufferedSender(options: BufferedSenderOptions): BufferedSender {
  const { address } = options
  const { origin, connect } = undiciTarget(address, CONNECT_TIMEOUT_MS)
  const agent = new Agent({
    connections: CONNECTIONS,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    connect,
  })
  return {
    send: async (exchange, body) => {
      const authorization = await options.authorization(exchange)
      const answer = await measured(options, () => sendOnce(agent, origin, { exchange, authorization, body }))
      if (answer.status === 401 && options.refusalIsOurs) throw refused()
      return { ...answer, headers: publicHeaders(answer.headers, { peer: exchange.peer, address }) }
    },
    close: () => agent.destroy(),
  }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

async function sendOnce(
  dispatcher: Dispatcher,
  origin: string,
  sent: {
    readonly exchange: BufferedExchange
    readonly authorization: string | undefined
    readonly body: Uint8Array | undefined
  },
): Promise<Answer> {
  const { exchange, authorization, body } = sent
  const { peer, request, req } = exchange
  // The length is that of what we have read.
  const {
    'content-length': _length,
    'transfer-encoding': _encoding,
    ...headers
  } = outboundHeaders(req.headers, { peer, request, authorization })
  const answer = await send(origin + canonicalTarget(request), {
    method: body === undefined ? 'DELETE' : 'PUT',
    headers,
    body: body ?? null,
    dispatcher,
  })
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.bytes() }
}

async function measured(
  { observe, address }: BufferedSenderOptions,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  try {
    const answer = await ask()
    observe(answer.status, seconds())
    return answer
  } catch (error) {
    observe(0, seconds())
    throw unavailable(address, error)
  }
}

function refused(): UpstreamUnavailable {
  return new UpstreamUnavailable(
    'refused',
    'the registry refuses the token of landwaiter; its issuer, service or rootcertbundle differ from ours',
  )
}
