import { Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { createProxyServer } from 'http-proxy-3'
import type { UpstreamAddress } from './address.ts'
import type { ConnectionLimits } from './registry-connection.ts'
import type { ClientLeft, Relay } from './relay.ts'
import { streamedAnswer } from './streamed-answer.ts'
import type { UpstreamAnswer } from './upstream-answer.ts'

interface Attempt {
  readonly answered: (answer: IncomingMessage) => void
  readonly failed: (error: Error) => void
  isReused?: boolean
}

/**
 * The way of requests that are rare and have no body: http-proxy-3, hardened. It only carries the request: headers and
 * target are ready before it sees them, since its `proxyReq` event comes late and not always; its answer passes, which
 * would let hop-by-hop headers through and hang when an answer is cut short, never run.
 */
export function createAsker(address: UpstreamAddress, { connectMs, silenceMs }: ConnectionLimits): Relay {
  const agent = new Agent({
    keepAlive: true,
    keepAliveMsecs: 15_000,
    maxFreeSockets: 256,
    scheduling: 'lifo',
  })
  const proxy = createProxyServer({
    target: targetOf(address),
    // Without an agent the library forbids kept connections.
    agent,
    // Sends `req.url` as it is; the default would normalise the path after it was authorized.
    toProxy: true,
    selfHandleResponse: true,
    connectTimeout: connectMs,
  })
  const attempts = new WeakMap<IncomingMessage, Attempt>()
  proxy.on('proxyReq', (outgoing, req) => supervise(outgoing, attempts.get(req), silenceMs))
  proxy.on('proxyRes', (answer, req) => {
    // An error before anybody reads the body must have a listener.
    answer.on('error', () => undefined)
    attempts.get(req)?.answered(answer)
  })
  // Each call has its own error callback; without any listener the library would throw.
  proxy.on('error', () => undefined)

  const attempt = (req: IncomingMessage, res: ServerResponse, options: { readonly agent?: false } = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage | undefined>()
    const current: Attempt = { answered: resolve, failed: reject }
    attempts.set(req, current)
    const onClose = () => resolve(undefined)
    res.once('close', onClose)
    proxy.web(req, res, options, reject)
    const answer = promise.finally(() => res.off('close', onClose))
    return { answer, isStale: (error: unknown) => current.isReused === true && isClosed(error) }
  }
  const ask = async (req: IncomingMessage, res: ServerResponse): Promise<UpstreamAnswer | ClientLeft> => {
    const first = attempt(req, res)
    try {
      return streamed(await first.answer)
    } catch (error) {
      // The registry had closed a kept connection, as by a restart. Without a body one more try is safe.
      if (!first.isStale(error) || !isBodyless(req) || res.destroyed) throw error
    }
    return streamed(await attempt(req, res, { agent: false }).answer)
  }
  return { ask, close: () => agent.destroy() }
}

function streamed(answer: IncomingMessage | undefined): UpstreamAnswer | ClientLeft {
  if (answer === undefined) return { status: undefined, bytesIn: () => 0 }
  return streamedAnswer({ status: answer.statusCode ?? 502, headers: answer.headers }, answer)
}

/** Sees to it that every attempt ends, and that nobody mistakes our own impatience for a closed connection. */
function supervise(outgoing: ClientRequest, attempt: Attempt | undefined, silenceMs: number): void {
  if (attempt === undefined) return
  attempt.isReused = outgoing.reusedSocket
  outgoing.setTimeout(silenceMs, () => outgoing.destroy(new Error(`no answer for ${silenceMs} ms`)))
  outgoing.once('close', () => attempt.failed(new Error('the connection ended without an answer')))
}

function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

function isBodyless(req: IncomingMessage): boolean {
  return req.method === 'GET' || req.method === 'HEAD'
}

function targetOf(address: UpstreamAddress) {
  if (address.kind === 'unix') return { socketPath: address.path, host: 'localhost', port: 80 }
  const { host, port } = address
  return { host, hostname: host, port }
}
