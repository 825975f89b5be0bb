import type { Server, Socket } from 'node:net'
import type { Log } from '../model/ports.ts'
import { parseProxyHeader } from './proxy-header.ts'
import { trustList, unmapped } from './trust-list.ts'

const HEADER_TIMEOUT_MS = 5_000

/** Connections whose proxy told whose they are. */
const sources = new WeakMap<Socket, string>()

/** Address of the client behind a proxy that spoke the PROXY protocol on this connection. */
export function proxiedSource(socket: Socket): string | undefined {
  return sources.get(socket)
}

/** A TLS connection is its client's as the connection under it is. */
export function inheritSource(socket: Socket): void {
  const { _parent: raw } = socket as Socket & { readonly _parent?: Socket }
  const source = raw === undefined ? undefined : sources.get(raw)
  if (source !== undefined) sources.set(socket, source)
}

export interface ProxyProtocolOptions {
  /** Addresses and networks of the proxies. */
  readonly proxies: readonly string[]
  readonly log: Log
  readonly timeoutMs?: number
}

/**
 * Makes `server` read a PROXY header first on every connection of the proxies, and close those without one. From
 * others none is looked at, so nobody else can claim an address. Takes over the server's own listeners of
 * `connection`, so call it before adding more.
 */
export function expectProxyHeaders(server: Server, options: ProxyProtocolOptions): void {
  const isProxy = trustList(options.proxies)
  const begins = server.listeners('connection')
  const begin = (socket: Socket) => {
    for (const listener of begins) listener.call(server, socket)
  }
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    if (!isProxy(unmapped(socket.remoteAddress ?? ''))) begin(socket)
    else readHeader(socket, options, begin)
  })
}

function readHeader(
  socket: Socket,
  { log, timeoutMs = HEADER_TIMEOUT_MS }: ProxyProtocolOptions,
  begin: (socket: Socket) => void,
): void {
  let received = Buffer.alloc(0)
  const peer = socket.remoteAddress
  const stop = () => {
    clearTimeout(timer)
    socket.off('readable', onReadable).off('close', onClose).off('error', onError)
  }
  const refuse = (reason: string) => {
    stop()
    log.warn('connection of a trusted proxy closed: no PROXY header', { peer, reason })
    socket.on('error', () => undefined).destroy()
  }
  const onReadable = () => {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) return
    received = Buffer.concat([received, chunk])
    const header = parseProxyHeader(received)
    if (header.outcome === 'incomplete') return
    if (header.outcome === 'invalid') return refuse(header.reason)
    stop()
    if (header.source !== undefined) sources.set(socket, header.source)
    const rest = received.subarray(header.length)
    if (rest.length > 0) socket.unshift(rest)
    begin(socket)
  }
  // Health checks connect and leave.
  const onClose = () => {
    stop()
    log.debug('a trusted proxy left before its PROXY header', { peer })
  }
  const onError = () => undefined
  const timer = setTimeout(() => refuse(`none within ${timeoutMs} ms`), timeoutMs)
  socket.on('readable', onReadable).once('close', onClose).on('error', onError)
  socket.once('end', () => {
    if (!socket.destroyed && socket.listenerCount('readable') > 0) socket.destroy()
  })
}
