import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Log } from '../model/ports.ts'

/** Tokens travel in every request: RS256 with x5c and many scopes passes Node's default of 16 KiB. */
const MAX_HEADER_BYTES = 64 * 1024
const HEADERS_TIMEOUT_MS = 30_000
/** Go clients reuse a connection for up to 90 s; a shorter time here gives them sporadic EOFs. */
const KEEP_ALIVE_MS = 100_000
/** A connection on which neither side has sent a byte for so long is dead. */
const IDLE_MS = 5 * 60_000

/** Where to listen; `path` is a Unix socket. */
export type ListenAddress =
  | { readonly host?: string | undefined; readonly port: number }
  | { readonly path: string }

export interface ListenerOptions {
  readonly tls?: TlsOptions
  readonly handler: RequestListener
  readonly log: Log
}

/** An HTTP/1.1 server with our limits, not yet listening. Uploads have no time limit, only an idle guard. */
export function createListener(options: ListenerOptions): Server {
  const http = {
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: 0,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    insecureHTTPParser: false,
  }
  const server: Server =
    options.tls === undefined ? createServer(http) : createTlsServer({ ...http, ...options.tls })
  // Beyond this count Node drops headers silently; the size limit above already bounds them.
  server.maxHeadersCount = 0
  server.timeout = IDLE_MS
  server.on('request', options.handler)
  // `Expect: 100-continue`: the handler answers it once the request is allowed (RFC 9110 §10.1.1).
  server.on('checkContinue', options.handler)
  server.on('timeout', socket => onIdle(socket))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket, options.log))
  server.on('tlsClientError', error => options.log.debug('TLS handshake failed', { error }))
  return server
}

/** Starts listening; resolves with the bound port, 0 for a Unix socket. Rejects with the system's error. */
export function listenOn(server: Server, address: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address, () => {
      server.off('error', reject)
      const bound = server.address()
      resolve(typeof bound === 'object' && bound !== null ? bound.port : 0)
    })
  })
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

function onIdle(socket: Duplex): void {
  if (!waiting.has(socket)) socket.destroy()
}

const PARSE_FAULTS: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the request headers are larger than 64 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request headers took longer than 30 s'],
}

function refuse(error: NodeJS.ErrnoException, socket: Duplex, log: Log): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, message] = PARSE_FAULTS[error.code ?? ''] ?? [400, 'the request is not valid HTTP/1.1']
  log.debug('request refused by the HTTP parser', { status, error })
  const body = JSON.stringify({ errors: [{ code: 'UNSUPPORTED', message }] })
  socket.end(
    `HTTP/1.1 ${status} Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

/**
 * Stops accepting, lets running requests end, and after `deadlineMs` cuts what is left.
 * Resolves to the number of connections that were cut.
 */
export async function closeListener(server: Server, deadlineMs: number): Promise<number> {
  if (!server.listening) return 0
  let cut = 0
  const closed = once(server, 'close')
  server.close()
  // Connections that become idle while we drain would otherwise stay for the keep-alive time.
  const sweep = setInterval(() => server.closeIdleConnections(), 100)
  const deadline = setTimeout(() => {
    server.getConnections((_, count) => {
      cut = count
      server.closeAllConnections()
    })
  }, deadlineMs)
  await closed
  clearInterval(sweep)
  clearTimeout(deadline)
  return cut
}
