import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ResourceActions } from '../model/access.ts'
import { UpstreamUnavailable } from '../model/errors.ts'
import type { AnswerHead, AnswerTap, Identity, Peer, Transfer } from '../model/exchange.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import { canonicalTarget } from '../oci/target.ts'
import type { UpstreamAddress } from './address.ts'
import { type AskLimits, createAsker } from './ask.ts'
import { outboundHeaders, publicHeaders } from './headers.ts'
import { relayAnswer } from './relay-answer.ts'
import { unavailable } from './unavailable.ts'

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
}

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
  readonly limits?: AskLimits
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
  const { address } = options
  const asker = createAsker(address, options.limits)

  const forward = async (exchange: ForwardExchange): Promise<Transfer> => {
    const { req, res, peer, request } = exchange
    const authorization = await options.authorization(exchange)
    // What has already been torn down reports no end any more.
    if (res.destroyed) return clientLeft(0)
    if (req.headers.expect !== undefined) res.writeContinue()
    req.headers = outboundHeaders(req.headers, { peer, request, authorization })
    req.url = canonicalTarget(request)
    const body = countBytes(req)
    const answer = await askMeasured(asker.ask, exchange, options)
    return answer === undefined ? clientLeft(body.bytes) : release(options, exchange, { answer, body })
  }
  return { forward, close: asker.close }
}

async function askMeasured(
  ask: (req: IncomingMessage, res: ServerResponse) => Promise<IncomingMessage | undefined>,
  { req, res }: ForwardExchange,
  { observe, suspendIdleGuard, address }: ForwarderOptions,
): Promise<IncomingMessage | undefined> {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const resume = suspendWhenComplete(req, suspendIdleGuard)
  try {
    const answer = await ask(req, res)
    if (answer !== undefined) observe(answer.statusCode ?? 0, seconds())
    return answer
  } catch (error) {
    observe(0, seconds())
    throw unavailable(address, error)
  } finally {
    resume()
  }
}

async function release(
  options: ForwarderOptions,
  { req, res, peer, beforeAnswer, tap }: ForwardExchange,
  { answer, body }: { readonly answer: IncomingMessage; readonly body: { readonly bytes: number } },
): Promise<Transfer> {
  const { statusCode: status = 502 } = answer
  const bytesIn = body.bytes
  const headers = publicHeaders(answer.headers, { peer, address: options.address })
  try {
    if (status === 401 && options.refusalIsOurs) throw refused()
    await beforeAnswer({ status, headers, bytesIn })
  } catch (error) {
    answer.destroy()
    throw error
  }
  const { discardBody } = options
  const onPiece = tap?.({ status, headers, bytesIn })
  const { complete, bytesOut } = await relayAnswer(answer, { req, res }, { headers, discardBody, onPiece })
  return { status, complete, bytesIn, bytesOut, ...describeBody(headers, status) }
}

function describeBody(headers: Record<string, string | string[]>, status: number): Partial<Transfer> {
  const digest = headers['docker-content-digest']
  const mediaType = headers['content-type']
  const length = headers['content-length']
  return {
    ...(typeof digest === 'string' ? { digest } : {}),
    ...(typeof mediaType === 'string' ? { mediaType: mediaType.split(';', 1)[0] ?? mediaType } : {}),
    ...(typeof length === 'string' ? { size: Number(length) } : {}),
    ...(status === 307 || status === 302 ? { redirected: true } : {}),
  }
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

/** Bytes of the request body as they pass. */
function countBytes(req: IncomingMessage): { readonly bytes: number } {
  const counter = { bytes: 0 }
  req.on('data', (chunk: Buffer) => {
    counter.bytes += chunk.length
  })
  return counter
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
