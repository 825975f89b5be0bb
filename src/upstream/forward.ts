import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { createProxyServer } from 'http-proxy-3'
import type { ResourceActions } from '../model/access.ts'
import { UpstreamUnavailable } from '../model/errors.ts'
import type { Identity, Peer, Transfer } from '../model/exchange.ts'
import type { RegistryRequest } from '../model/registry-request.ts'
import { canonicalTarget } from '../oci/target.ts'
import { type UpstreamAddress, upstreamName } from './address.ts'
import { inboundHeaders, outboundHeaders } from './headers.ts'
import { publicLink, publicLocation } from './location.ts'

const CONNECT_TIMEOUT_MS = 5_000
/** Without a byte either way; committing a huge blob to object storage takes minutes. */
const SILENCE_TIMEOUT_MS = 30 * 60_000

/** One permitted request and the client's side of it. */
export interface ForwardExchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly peer: Peer
  readonly request: RegistryRequest
  readonly identity: Identity
  readonly access: readonly ResourceActions[]
  readonly beforeAnswer: (head: {
    readonly status: number
    readonly headers: Readonly<Record<string, string | string[] | undefined>>
    readonly bytesIn: number
  }) => Promise<void>
}

export interface ForwarderOptions {
  readonly address: UpstreamAddress
  /** Value of the Authorization header for the registry, if any. */
  readonly authorization: (exchange: ForwardExchange) => Promise<string | undefined>
  /** A 401 of the registry is our fault, not the client's, unless its own token was passed on. */
  readonly refusalIsOurs: boolean
  /** Called while only the registry can act; returns the end of it. */
  readonly suspendIdleGuard: (req: IncomingMessage) => () => void
  /** Status of each answer and the seconds until its head; 0 when there was none. */
  readonly observe: (code: number, seconds: number) => void
}

export interface Forwarder {
  /** @throws UpstreamUnavailable and whatever `beforeAnswer` throws, only before the answer's head is out. */
  forward(exchange: ForwardExchange): Promise<Transfer>
  close(): void
}

/**
 * Carries one request to the registry and its answer back, streaming both ways, with http-proxy-3 hardened: we send
 * only the canonical target and our own headers, and handle the answer ourselves, so that an answer cut short cuts
 * the client's connection too, and no answer is released before its audit line.
 */
export function createForwarder(options: ForwarderOptions): Forwarder {
  const { address } = options
  const agent = new Agent({
    keepAlive: true,
    keepAliveMsecs: 15_000,
    maxFreeSockets: 256,
    scheduling: 'lifo',
  })
  const proxy = createProxyServer({
    target: address.kind === 'unix' ? unixTarget(address.path) : tcpTarget(address.host, address.port),
    agent,
    // Sends `req.url` as it is; the default would normalise the path after it was authorized.
    toProxy: true,
    selfHandleResponse: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    proxyTimeout: SILENCE_TIMEOUT_MS,
  })
  const waiting = new WeakMap<IncomingMessage, (answer: IncomingMessage) => void>()
  proxy.on('proxyRes', (answer, req) => waiting.get(req)?.(answer))
  // Each call has its own error callback; without any listener the library would throw.
  proxy.on('error', () => undefined)

  const ask = ({ req, res }: ForwardExchange) =>
    new Promise<IncomingMessage | 'client left'>((resolve, reject) => {
      waiting.set(req, answer => {
        // Between now and the pipeline an error must have a listener.
        answer.on('error', () => undefined)
        resolve(answer)
      })
      res.once('close', () => resolve('client left'))
      proxy.web(req, res, {}, error => reject(error))
    })

  const forward = async (exchange: ForwardExchange): Promise<Transfer> => {
    const { req, res, peer, request } = exchange
    const authorization = await options.authorization(exchange)
    if (req.headers.expect !== undefined) res.writeContinue()
    req.headers = outboundHeaders(req.headers, { peer, request, authorization })
    req.url = canonicalTarget(request)
    const counter = countBytes(req)
    const resume = suspendWhenComplete(req, options.suspendIdleGuard)
    const started = performance.now()
    const observe = (code: number) => options.observe(code, (performance.now() - started) / 1000)
    const answer = await askOnceMore(() => ask(exchange), exchange, upstreamName(address))
      .catch(error => {
        observe(0)
        throw error
      })
      .finally(resume)
    if (answer === 'client left') return aborted(counter.bytes)
    observe(answer.statusCode ?? 0)
    return release(options, exchange, { answer, bytesIn: counter.bytes })
  }
  return { forward, close: () => agent.destroy() }
}

async function release(
  options: ForwarderOptions,
  { res, peer, beforeAnswer }: ForwardExchange,
  { answer, bytesIn }: { readonly answer: IncomingMessage; readonly bytesIn: number },
): Promise<Transfer> {
  const status = answer.statusCode ?? 502
  if (status === 401 && options.refusalIsOurs) {
    answer.destroy()
    throw new UpstreamUnavailable(
      'refused',
      'the registry refuses the token of landwaiter; its issuer, service or rootcertbundle differ from ours',
    )
  }
  const headers = publicHeaders(options, peer, answer)
  try {
    await beforeAnswer({ status, headers, bytesIn })
  } catch (error) {
    answer.destroy()
    throw error
  }
  if (res.destroyed) {
    answer.destroy()
    return aborted(bytesIn)
  }
  res.writeHead(status, headers)
  let bytesOut = 0
  answer.on('data', (chunk: Buffer) => {
    bytesOut += chunk.length
  })
  const complete = await pipeline(answer, res).then(
    () => true,
    () => false,
  )
  const unsent = complete ? 0 : res.writableLength
  return {
    status,
    complete,
    bytesIn,
    bytesOut: Math.max(0, bytesOut - unsent),
    ...describeBody(headers, status),
  }
}

function publicHeaders(
  options: ForwarderOptions,
  peer: Peer,
  answer: IncomingMessage,
): Record<string, string | string[]> {
  const headers = inboundHeaders(answer.headers)
  const { location, link } = answer.headers
  const { address } = options
  const upstream = address.kind === 'tcp' ? [`${address.host}:${address.port}`, address.host] : []
  const origin = {
    publicOrigin: `${peer.scheme}://${peer.host}`,
    ownHosts: [peer.host.toLowerCase(), ...upstream],
  }
  return {
    ...headers,
    ...(location === undefined ? {} : { location: publicLocation(location, origin) }),
    ...(typeof link === 'string' ? { link: publicLink(link) } : {}),
  }
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

/** A kept connection may have been closed by a restart of the registry; without a body one more try is safe. */
async function askOnceMore<T>(
  ask: () => Promise<T>,
  { req, res }: ForwardExchange,
  upstream: string,
): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    const isStale = isErrno(error) && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
    if (!isStale || !isBodyless(req) || res.destroyed) throw unavailable(upstream, error)
  }
  return ask().catch(error => {
    throw unavailable(upstream, error)
  })
}

function unavailable(upstream: string, cause: unknown): UpstreamUnavailable {
  const phase = isErrno(cause) && cause.syscall === 'connect' ? 'connect' : 'headers'
  const what = phase === 'connect' ? 'cannot be reached' : 'did not answer'
  return new UpstreamUnavailable(phase, `the registry ${what}, try again shortly`, {
    cause: new Error(`upstream ${upstream}`, { cause }),
  })
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error
}

function isBodyless(req: IncomingMessage): boolean {
  return req.method === 'GET' || req.method === 'HEAD'
}

/** The client left before there was an answer; 499 is the customary number for that. */
function aborted(bytesIn: number): Transfer {
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
  let resume: () => void = () => undefined
  if (req.complete) return suspend(req)
  const onEnd = () => {
    resume = suspend(req)
  }
  req.once('end', onEnd)
  return () => {
    req.off('end', onEnd)
    resume()
  }
}

function unixTarget(socketPath: string): {
  readonly socketPath: string
  readonly host: string
  readonly port: number
} {
  return { socketPath, host: 'localhost', port: 80 }
}

function tcpTarget(
  host: string,
  port: number,
): { readonly host: string; readonly hostname: string; readonly port: number } {
  return { host, hostname: host, port }
}
