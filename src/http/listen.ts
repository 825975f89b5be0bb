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
import { answerParseFault } from './parse-fault.ts'
import { createUnderway, type Underway } from './underway.ts'

/** Tokens travel in every request: RS256 with x5c and many scopes passes Node's default of 16 KiB. */
const MAX_HEADER_BYTES = 64 * 1024
/** Go clients reuse a connection for up to 90 s; a shorter time here gives them sporadic EOFs. */
const KEEP_ALIVE_MS = 100_000
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

/** Where to listen; `path` is a Unix socket. */
export type ListenAddress =
  | { readonly host?: string | undefined; readonly port: number }
  | { readonly path: string }

export interface ListenerOptions {
  readonly tls?: TlsOptions
  readonly handler: RequestListener
  readonly log: Log
  readonly limits?: ListenerLimits
}

/** An HTTP/1.1 server with our limits. Uploads have no time limit, only an idle guard. */
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
  const { handler, log } = options
  const sockets = new Set<Socket>()
  const running = createUnderway<ServerResponse>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const serve: RequestListener = (req, res) => {
    running.add(res)
    res.once('close', () => running.end(res))
    handler(req, res)
  }
  server.on('request', serve)
  // `Expect: 100-continue`: the handler answers it once the request is allowed (RFC 9110 §10.1.1).
  server.on('checkContinue', serve)
  const runningOn = (socket: Duplex) => [...running.items].filter(({ req }) => req.socket === socket)
  server.on('timeout', (socket: Duplex) => {
    // A registry that does not take an upload's bytes stops the client.
    const isHeldBack = runningOn(socket).some(({ req }) => req.isPaused())
    if (!waiting.has(socket) && !isHeldBack) socket.destroy()
  })
  server.on('clientError', (error, socket) => {
    const isAnswering = runningOn(socket).some(({ headersSent }) => headersSent)
    answerParseFault(error, socket, { isAnswering, log })
  })
  server.on('tlsClientError', (error, { authorizationError: certificate }) => {
    // Only this says what is wrong with a client's certificate where one is required.
    log.debug('TLS handshake failed', { error, ...(certificate ? { certificate } : {}) })
  })
  return {
    server,
    listen: address => listenOn(server, address),
    close: deadlineMs => drain(server, { sockets, running }, deadlineMs),
  }
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
const waiting = new WeakSet<Duplex>()

/** Until the returned function is called, the idle guard leaves the connection of `req` alone. */
export function suspendIdleGuard(req: IncomingMessage): () => void {
  waiting.add(req.socket)
  return () => {
    waiting.delete(req.socket)
  }
}

async function drain(
  server: Server,
  { sockets, running }: { readonly sockets: ReadonlySet<Socket>; readonly running: Underway<ServerResponse> },
  deadlineMs: number,
): Promise<number> {
  if (!server.listening) return 0
  const closed = once(server, 'close')
  server.close()
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
