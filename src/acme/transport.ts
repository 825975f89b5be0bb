import { AsyncLocalStorage } from 'node:async_hooks'
import { Agent, request as send } from 'undici'
import { AcmeFailed } from '../model/errors.ts'
import type { Clock } from '../model/ports.ts'
import { networkFailure } from './network-failure.ts'
import { failureOf, parseProblem } from './problem.ts'
import { parseRetryAfter } from './retry-after.ts'

export interface TransportOptions {
  /** Name of the authority in messages. */
  readonly id: string
  /** PEM of the only roots that vouch for the authority's server; absent: those of Node. */
  readonly caRoots?: string | undefined
  readonly userAgent: string
  readonly clock: Clock
  readonly timeoutMs: number
}

export interface AcmeRequest {
  readonly url: string
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** Content of a POST: a JWS. */
  readonly body?: string
}

/** An answer that is no failure, or one about a nonce, which acme-client repeats by itself. */
export interface AcmeReply {
  readonly status: number
  /** Names in lower case; repeated ones are joined. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** How one authority is talked to. */
export interface Transport {
  /** Runs `work`, whose requests go through this transport and end when `signal` aborts. */
  perform<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
  /** The authority's clock minus ours as of its last answer, ms. */
  clockSkewMs(): number | undefined
  close(): Promise<void>
}

interface Operation {
  readonly signal: AbortSignal
  readonly exchange: (request: AcmeRequest, signal: AbortSignal) => Promise<AcmeReply>
}

const operations = new AsyncLocalStorage<Operation>()

const LARGEST_ANSWER = 1024 * 1024 // bytes; a chain of certificates has some thousands

/** A transport with connections of its own. */
export function createTransport(options: TransportOptions): Transport {
  const { caRoots: ca, timeoutMs: timeout } = options
  const dispatcher = new Agent({
    connect: { timeout, ...(ca !== undefined && { ca }) },
    headersTimeout: timeout,
    bodyTimeout: timeout,
    maxResponseSize: LARGEST_ANSWER,
    allowH2: false, // the limit on answers holds for HTTP/1.1
  })
  let skewMs: number | undefined
  const exchange: Operation['exchange'] = async (request, signal) => {
    const reply = await receive(request, { dispatcher, signal, options })
    const date = Date.parse(reply.headers['date'] ?? '')
    if (!Number.isNaN(date)) skewMs = date - options.clock()
    throwIfFailed(request.url, reply, options)
    return reply
  }
  return {
    perform: (signal, work) => operations.run({ signal, exchange }, work),
    clockSkewMs: () => skewMs,
    close: () => dispatcher.destroy(),
  }
}

/** Sends a request by the transport whose `perform` is running. @throws AcmeFailed, or the reason of the abort. */
export async function sendRequest(request: AcmeRequest): Promise<AcmeReply> {
  const operation = operations.getStore()
  if (operation === undefined) throw new TypeError('a request outside of Transport.perform')
  return await operation.exchange(request, operation.signal)
}

/** Runs `work`, whose requests end when `signal` aborts, by the transport whose `perform` is running. */
export async function withSignal<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const operation = operations.getStore()
  if (operation === undefined) throw new TypeError('a signal outside of Transport.perform')
  return await operations.run({ ...operation, signal }, work)
}

interface Exchange {
  readonly dispatcher: Agent
  readonly signal: AbortSignal
  readonly options: TransportOptions
}

async function receive({ url, method, body }: AcmeRequest, exchange: Exchange): Promise<AcmeReply> {
  const { dispatcher, signal, options } = exchange
  // The addresses come from the authority, except for the first.
  if (URL.parse(url)?.protocol !== 'https:') {
    throw new AcmeFailed('server', `${options.id} names an address that is no https:// URL`)
  }
  const headers = {
    'user-agent': options.userAgent,
    ...(body !== undefined && { 'content-type': 'application/jose+json' }),
  }
  try {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)])
    const reply = await send(url, { dispatcher, method, headers, body: body ?? null, signal: deadline })
    return { status: reply.statusCode, headers: joined(reply.headers), body: await reply.body.text() }
  } catch (cause) {
    signal.throwIfAborted()
    throw networkFailure(url, cause)
  }
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
}

function throwIfFailed(url: string, reply: AcmeReply, { id, clock }: TransportOptions): void {
  const { status, headers } = reply
  if (status < 300) return
  if (status < 400)
    throw new AcmeFailed('server', `${url} leads to another address, ${headers['location'] ?? 'unnamed'}`)
  const problem = parseProblem(reply.body)
  if (problem?.type === 'badNonce') return
  const retryAfterMs = parseRetryAfter(headers['retry-after'], clock())
  const what =
    problem === undefined ? `HTTP ${status}` : `${problem.text} (${problem.type ?? `HTTP ${status}`})`
  throw new AcmeFailed(failureOf(status, problem), `${id} answers: ${what}`, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(problem?.type !== undefined && { problem: problem.type }),
  })
}
