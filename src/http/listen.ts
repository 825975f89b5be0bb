import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../model/ports.ts'
import { boundConnections } from './bound-connections.ts'
import { createHttp2Sessions, type Http2Sessions } from './http2-sessions.ts'
import { answerParseFault } from './parse-fault.ts'
import { answerPlainRequest, isPlainRequest } from './plain-on-tls.ts'
import { expectProxyHeaders } from './proxy-protocol.ts'
import { serveByProtocol } from './serve-by-protocol.ts'
import { createUnderway, type Underway } from './underway.ts'

/** Tokens travel in every request: RS256 with x5c and many scopes passes Node's default of 16 KiB. */
const MAX_HEADER_BYTES = 64 * 1024
/** Go clients reuse a connection for up to 90 s; a shorter time here gives them sporadic EOFs. */
const KEEP_ALIVE_MS = 100_000
const HTTP2_LIMITS = { maxHeaderBytes: MAX_HEADER_BYTES, keepAliveMs: KEEP_ALIVE_MS }
/** What a connection without a request may still need to say goodbye when everything else has ended. */
const GOODBYE_MS = 500

/** Time limits of a connection, ms. */
export interface ListenerLimits {
  /** For the headers of a request. */
  readonly headersMs: number
  /** A connection on which neither side has sent a byte for so long is dead. */
  readonly idleMs: number
}

const LIMITS: ListenerLimits = { headersMs: 30_000, idleMs: 5 * 60_000 }

/** Where to listen; `path` is a Unix socket. With `reusePort` other listeners may have the port, too. */
export type ListenAddress =
  | { readonly host?: string | undefined; readonly port: number; readonly reusePort?: boolean }
  | { readonly path: string }

export interface ListenerOptions {
  readonly tls?: TlsOptions
  readonly handler: RequestListener
  readonly log: Log
  readonly limits?: ListenerLimits
  /** One line for whoever speaks plain HTTP where TLS is spoken. */
  readonly plainAnswer?: () => string
  /** The peers whose connections begin with a header of the PROXY protocol. */
  readonly proxies?: readonly string[] | undefined
  /** Connections at the same time; more are closed at once. */
  readonly maxConnections?: number
}

/** An HTTP/1.1 server with our limits, over TLS also HTTP/2. Uploads have no time limit, only an idle guard. */
export interface Listener {
  readonly server: Server
  /** Resolves with the bound port, 0 for a Unix socket. Rejects with the system's error. */
  listen(address: ListenAddress): Promise<number>
  /**
   * Stops accepting, lets running requests end, and after `deadlineMs` cuts what is left.
   * Resolves to the number of requests that were cut.
   */
  close(deadlineMs: number): Promise<number>
}

/** A listener that does not listen yet. */
export function createListener(options: ListenerOptions): Listener {
  const server = createLimitedServer(options)
  const { handler, log, limits = LIMITS, proxies, maxConnections: max } = options
  const sockets = new Set<Socket>()
  const running = createUnderway<ServerResponse>()
  if (max !== undefined) boundConnections(server, { max, log })
  if (proxies !== undefined) expectProxyHeaders(server, { proxies, log })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const onClose = function (this: ServerResponse) {
    running.end(this)
  }
  const serve: RequestListener = (req, res) => {
    running.add(res)
    res.on('close', onClose)
    handler(req, res)
  }
  const runningOn = (socket: Duplex) => [...running.items].filter(({ req }) => req.socket === socket)
  // A registry that does not take an upload's bytes stops the client.
  const isExcused = (socket: Duplex) =>
    runningOn(socket).some(({ req }) => waiting.has(req) || req.isPaused())
  const http2 = createHttp2Sessions({ ...limits, ...HTTP2_LIMITS, serve, isExcused, log })
  if (options.tls !== undefined) serveByProtocol(server, http2)
  superviseHttp1(server, { serve, runningOn, isExcused }, options)
  return {
    server,
    listen: address => listenOn(server, address),
    close: deadlineMs => drain({ server, http2, sockets, running }, deadlineMs),
  }
}

interface Serving {
  readonly serve: RequestListener
  readonly runningOn: (socket: Duplex) => readonly ServerResponse[]
  readonly isExcused: (socket: Duplex) => boolean
}

function superviseHttp1(server: Server, serving: Serving, { log, plainAnswer }: ListenerOptions): void {
  const { serve, runningOn, isExcused } = serving
  server.on('request', serve)
  // `Expect: 100-continue`: the handler answers it once the request is allowed (RFC 9110 §10.1.1).
  server.on('checkContinue', serve)
  server.on('timeout', (socket: Duplex) => {
    if (!isExcused(socket)) socket.destroy()
  })
  server.on('clientError', (error, socket) => {
    if (plainAnswer !== undefined && isPlainRequest(error)) return answerPlainRequest(socket, plainAnswer())
    const isAnswering = runningOn(socket).some(({ headersSent }) => headersSent)
    answerParseFault(error, socket, { isAnswering, log })
  })
  server.on('tlsClientError', (error, { authorizationError: certificate }) => {
    // Only this says what is wrong with a client's certificate where one is required.
    log.debug('TLS handshake failed', { error, ...(certificate ? { certificate } : {}) })
  })
}

function createLimitedServer({ tls, limits = LIMITS }: ListenerOptions): Server {
  const { headersMs, idleMs } = limits
  const http = {
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: 0,
    headersTimeout: headersMs,
    connectionsCheckingInterval: headersMs / 2,
    keepAliveTimeout: KEEP_ALIVE_MS,
    insecureHTTPParser: false,
    // Node would refuse a request without a Host behind our back, and serve what follows it; the dispatch refuses it.
    requireHostHeader: false,
  }
  const server = tls === undefined ? createServer(http) : createTlsServer({ ...http, ...tls })
  // Beyond this count Node drops headers silently; the size limit above already bounds them.
  server.maxHeadersCount = 0
  server.timeout = idleMs
  return server
}

async function listenOn(server: Server, address: ListenAddress): Promise<number> {
  server.listen(address)
  await once(server, 'listening')
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : 0
}

/** Requests that wait for the registry: their silence is not the client's fault. */
const waiting = new WeakSet<IncomingMessage>()

/** Until the returned function is called, the idle guard leaves the connection of `req` alone. */
export function suspendIdleGuard(req: IncomingMessage): () => void {
  waiting.add(req)
  return () => {
    waiting.delete(req)
  }
}

interface Open {
  readonly server: Server
  readonly http2: Http2Sessions
  readonly sockets: ReadonlySet<Socket>
  readonly running: Underway<ServerResponse>
}

async function drain({ server, http2, sockets, running }: Open, deadlineMs: number): Promise<number> {
  if (!server.listening) return 0
  const closed = once(server, 'close')
  server.close()
  http2.close()
  // Or the client may send its next request just when its connection ends.
  for (const res of running.items) if (!res.headersSent) res.setHeader('connection', 'close')
  await Promise.race([running.empty(), sleep(deadlineMs, undefined, { ref: false })])
  const cut = running.items.size
  server.closeIdleConnections()
  if (cut === 0) await Promise.race([closed, sleep(GOODBYE_MS, undefined, { ref: false })])
  // Node knows connections only once their TLS handshake is done; these are all.
  for (const socket of sockets) socket.destroy()
  await closed
  return cut
}
