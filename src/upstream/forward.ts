import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ResourceActions } from '../model/access.ts'
import { UpstreamUnavailable } from '../model/errors.ts'
import type { AnswerHead, AnswerTap, Identity, Peer, Transfer } from '../model/exchange.ts'
import type { TransferBuffers } from '../model/ports.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import { answerFacts } from '../oci/answer-facts.ts'
import { canonicalTarget } from '../oci/target.ts'
import type { UpstreamAddress } from './address.ts'
import { createAsker } from './ask.ts'
import { outboundHeaders, publicHeaders } from './headers.ts'
import type { ConnectionLimits } from './registry-connection.ts'
import { type ClientLeft, createRelay, type Relay } from './relay.ts'
import { relayAnswer } from './relay-answer.ts'
import { unavailable } from './unavailable.ts'
import type { Relayed, UpstreamAnswer } from './upstream-answer.ts'

/** One permitted request and the client's side of it. */
export interface ForwardExchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly peer: Peer
  readonly request: RegistryRequest
  readonly identity: Identity
  /** The client's token is out of date, but may still end its upload. */
  readonly isTokenExpired: boolean
  readonly access: readonly ResourceActions[]
  readonly beforeAnswer: (head: AnswerHead) => Promise<void>
  readonly tap?: AnswerTap
  /** Awaited when all but the end of a whole answer is out, with what will then have gone over the wire. */
  readonly beforeEnd?: ((transfer: Transfer) => Promise<void>) | undefined
}

/** Looks at an answer that leads elsewhere, as the client would get it, and gives another in its place, or `undefined`. */
export type OnRedirect = (
  exchange: ForwardExchange,
  head: Pick<AnswerHead, 'status' | 'headers'>,
) => Promise<UpstreamAnswer | undefined>

export interface ForwarderOptions {
  readonly address: UpstreamAddress
  /** Value of the Authorization header for the registry, if any. */
  readonly authorization: (exchange: ForwardExchange) => Promise<string | undefined>
  /** A 401 of the registry is our fault, not the client's, unless its own token was passed on. */
  readonly refusalIsOurs: boolean
  /** Called while only the registry can act; returns the end of it. */
  readonly suspendIdleGuard: (req: IncomingMessage) => () => void
  /** Reads and drops what a client still sends after its answer, within bounds. */
  readonly discardBody: (req: IncomingMessage) => Promise<void>
  /** Status of each answer and the seconds until its head; 0 when there was none. */
  readonly observe: (code: number, seconds: number) => void
  /** Memory for bodies in transit. */
  readonly buffers: TransferBuffers
  readonly limits?: ConnectionLimits
  readonly onRedirect?: OnRedirect | undefined
}

export interface Forwarder {
  /** @throws UpstreamUnavailable and whatever `beforeAnswer` throws, only before the answer's head is out. */
  forward(exchange: ForwardExchange): Promise<Transfer>
  close(): void
}

/**
 * Carries one request to the registry and its answer back, streaming both ways. We send only the canonical target and
 * our own headers; an answer cut short cuts the client's connection too, and none is released before its audit line.
 */
export function createForwarder(options: ForwarderOptions): Forwarder {
  const { address, buffers, limits = LIMITS } = options
  const relay = createRelay(address, { buffers, limits })
  const asker = createAsker(address, limits)

  const forward = async (exchange: ForwardExchange): Promise<Transfer> => {
    const { req, res, peer, request } = exchange
    const authorization = await options.authorization(exchange)
    // What has already been torn down reports no end any more.
    if (res.destroyed) return clientLeft(0)
    if (req.headers.expect !== undefined) res.writeContinue()
    req.headers = outboundHeaders(req.headers, { peer, request, authorization })
    req.url = canonicalTarget(request)
    const answer = await askMeasured(isRare(request) ? asker : relay, exchange, options)
    if (answer.status === undefined) return clientLeft(answer.bytesIn())
    const isRedirect = answer.status > 300 && answer.status < 400 && answer.status !== 304
    return release(options, exchange, isRedirect ? await redirected(options, exchange, answer) : answer)
  }
  return {
    forward,
    close: () => {
      relay.close()
      asker.close()
    },
  }
}

const LIMITS: ConnectionLimits = { connectMs: 5_000, silenceMs: 30 * 60_000 }

/** What no client does at each push or pull. */
function isRare(request: RegistryRequest): boolean {
  if (request.kind === 'blob') return request.verb === 'delete'
  if (request.kind === 'upload') return request.verb === 'status' || request.verb === 'cancel'
  return request.kind === 'catalog' || request.kind === 'referrers'
}

async function askMeasured(
  { ask }: Pick<Relay, 'ask'>,
  { req, res }: ForwardExchange,
  { observe, suspendIdleGuard, address }: ForwarderOptions,
): Promise<UpstreamAnswer | ClientLeft> {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const resume = suspendWhenComplete(req, suspendIdleGuard)
  try {
    const answer = await ask(req, res)
    if (answer.status !== undefined) observe(answer.status, seconds())
    return answer
  } catch (error) {
    observe(0, seconds())
    throw unavailable(address, error)
  } finally {
    resume()
  }
}

/** The answer itself, or what takes its place. */
async function redirected(
  { onRedirect, address }: ForwarderOptions,
  exchange: ForwardExchange,
  answer: UpstreamAnswer,
): Promise<UpstreamAnswer> {
  const headers = publicHeaders(answer.headers, { peer: exchange.peer, address })
  try {
    const other = await onRedirect?.(exchange, { status: answer.status, headers })
    if (other === undefined) return answer
    answer.drop()
    return other
  } catch (error) {
    answer.drop()
    throw error
  }
}

async function release(
  options: ForwarderOptions,
  { req, res, peer, beforeAnswer, tap, beforeEnd }: ForwardExchange,
  answer: UpstreamAnswer,
): Promise<Transfer> {
  const { status } = answer
  const headers = publicHeaders(answer.headers, { peer, address: options.address })
  const head = { status, headers, bytesIn: answer.bytesIn() }
  try {
    if (status === 401 && options.refusalIsOurs) throw refused()
    await beforeAnswer(head)
  } catch (error) {
    answer.drop()
    throw error
  }
  const { discardBody } = options
  const transferOf = (relayed: Relayed): Transfer => ({
    status,
    ...relayed,
    bytesIn: answer.bytesIn(),
    ...describeBody(headers, status),
  })
  const relayed = await relayAnswer(
    answer,
    { req, res },
    {
      headers,
      discardBody,
      tap: tap?.(head),
      beforeEnd: bytesOut => beforeEnd?.(transferOf({ complete: true, bytesOut })),
    },
  )
  return transferOf(relayed)
}

function describeBody(headers: Record<string, string | string[]>, status: number): Partial<Transfer> {
  return { ...answerFacts(headers), ...(status === 307 || status === 302 ? { redirected: true } : {}) }
}

function refused(): UpstreamUnavailable {
  return new UpstreamUnavailable(
    'refused',
    'the registry refuses the token of landwaiter; its issuer, service or rootcertbundle differ from ours',
  )
}

/** The client left before there was an answer; 499 is the customary number for that. */
function clientLeft(bytesIn: number): Transfer {
  return { status: 499, complete: false, bytesIn, bytesOut: 0 }
}

function suspendWhenComplete(
  req: IncomingMessage,
  suspend: ForwarderOptions['suspendIdleGuard'],
): () => void {
  if (req.complete) return suspend(req)
  let resume: () => void = () => undefined
  const onEnd = () => {
    resume = suspend(req)
  }
  req.once('end', onEnd)
  return () => {
    req.off('end', onEnd)
    resume()
  }
}
