import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { ClientCertificate } from '../model/client-certificate.ts'
import { OciError } from '../model/errors.ts'
import type { Peer } from '../model/exchange.ts'
import type { Log } from '../model/ports.ts'
import { allowHeader, isRegistryTarget } from '../oci/route.ts'
import type { ClientAddress } from './client-address.ts'
import { connectionOf } from './connection.ts'
import { asOciError, sendFailure } from './failure.ts'
import { framingFault } from './framing.ts'
import type { HostRole } from './hosts.ts'
import { isHttp2 } from './http2-request.ts'
import { lingerAfterAnswer } from './linger.ts'
import { type Reply, sendReply } from './reply.ts'
import { type RouteLabel, routeLabel } from './route-label.ts'

/** One finished request, for the metrics. */
export interface Observation {
  readonly route: RouteLabel
  readonly method: string
  readonly code: number
  readonly seconds: number
  readonly bytesIn: number
  readonly bytesOut: number
}

type BodyBytes = { readonly bytesIn: number; readonly bytesOut: number }
type Handler = (req: IncomingMessage, res: ServerResponse, peer: Peer) => Promise<BodyBytes>

const NO_BYTES: BodyBytes = { bytesIn: 0, bytesOut: 0 }

export interface DispatchPorts {
  readonly log: Log
  readonly newId: () => string
  readonly hostRole: (host: string) => HostRole
  readonly clientAddress: (peer: string, headers: IncomingMessage['headers']) => ClientAddress
  readonly registry: Handler
  readonly token: (req: IncomingMessage, res: ServerResponse, peer: Peer) => Promise<void>
  /** Paths of the token realm, with docker_auth's `path_prefix`. */
  readonly tokenPaths: readonly string[]
  /** Text of `/`. */
  readonly greeting: (peer: Peer) => string
  /** The client certificate of a connection; absent where none is asked for. */
  readonly certificateOf?: ((socket: TLSSocket) => ClientCertificate | undefined) | undefined
  readonly isDraining: () => boolean
  /** Counts a request as under way until the returned function is called. */
  readonly track: (route: RouteLabel) => () => void
  readonly observe: (observation: Observation) => void
  readonly hsts: boolean
}

/**
 * The route table of the public listeners: framing, then Host, then path. Every request ends in an answer.
 * Pipelined requests take turns, and none is served after an answer that closes the connection: what came behind a
 * fault in the framing may be another's body (RFC 9112 §9.3.2, §9.6). Each request has the ports of its beginning.
 */
export function createDispatch(current: () => DispatchPorts): RequestListener {
  return (req, res) => {
    // Each has a stream of its own.
    if (isHttp2(req)) return void serve(current(), req, res)
    const { socket } = req
    const connection = connectionOf(socket)
    const before = connection.answer
    connection.answer = res
    res.on('close', forgetAnswer)
    if (before === undefined) void serve(current(), req, res)
    else before.once('close', () => (socket.writable ? serve(current(), req, res) : undefined))
  }
}

/** An answer holds on to much memory, which a connection without a request is not to keep. */
function forgetAnswer(this: ServerResponse): void {
  const connection = connectionOf(this.req.socket)
  if (connection.answer === this) connection.answer = undefined
}

async function serve(ports: DispatchPorts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const address = ports.clientAddress(connectionOf(req.socket).peerIp, req.headers)
  const peer = peerOf(req, ports, address)
  res.setHeader('x-request-id', peer.id)
  if (ports.isDraining()) res.setHeader('connection', 'close')
  if (ports.hsts) res.setHeader('strict-transport-security', 'max-age=63072000; includeSubDomains')
  const route = routeLabel(peer.path, ports.tokenPaths)
  const finish = ports.track(route)
  const turn = { req, res, peer }
  const bytes = await handle(ports, turn, address).catch(error => fail(ports, turn, error))
  finish()
  const seconds = (performance.now() - peer.startedMs) / 1000
  const { bytesIn, bytesOut } = bytes
  ports.observe({ route, method: peer.method, code: res.statusCode, seconds, bytesIn, bytesOut })
}

interface Turn {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly peer: Peer
}

async function fail(ports: DispatchPorts, { req, res, peer }: Turn, error: unknown): Promise<BodyBytes> {
  if (!(error instanceof OciError)) ports.log.error('request failed', { id: peer.id, error })
  await sendFailure(req, res, asOciError(error)).catch(() => res.destroy())
  return NO_BYTES
}

async function handle(ports: DispatchPorts, turn: Turn, address: ClientAddress): Promise<BodyBytes> {
  const { req, res, peer } = turn
  const fault = framingFault(req)
  if (fault !== undefined) {
    res.setHeader('connection', 'close')
    if (!isHttp2(req)) lingerAfterAnswer(req.socket)
    throw new OciError('UNSUPPORTED', fault, { status: 400 })
  }
  // Load balancers probe by address, so before the Host is looked at.
  if (peer.path === '/livez') return answer(turn, { status: 200, body: 'ok\n' })
  if ('fault' in address) throw new OciError('UNSUPPORTED', `Bad request: ${address.fault}`, { status: 400 })
  const role = ports.hostRole(peer.host)
  if (role === 'foreign') {
    throw new OciError('NAME_INVALID', `no registry named ${JSON.stringify(peer.host)} is served here`, {
      status: 421,
    })
  }
  if (ports.tokenPaths.includes(peer.path)) {
    await ports.token(req, res, peer)
    return NO_BYTES
  }
  if (isRegistryTarget(req.url ?? '')) return await serveRegistry(ports, turn, role)
  if (peer.path === '/' && (req.method === 'GET' || req.method === 'HEAD'))
    return answer(turn, { status: 200, body: ports.greeting(peer) })
  throw new OciError('NOT_FOUND', 'there is nothing here; the registry is under /v2/')
}

/** Not async: it throws into `handle`, and its promise is the handler's own. */
function serveRegistry(ports: DispatchPorts, turn: Turn, role: HostRole): Promise<BodyBytes> {
  const { req, res, peer } = turn
  if (role === 'auth') {
    const message = `${peer.host} serves logins only, images are on the registry's own name`
    throw new OciError('NAME_INVALID', message, { status: 421 })
  }
  res.setHeader('docker-distribution-api-version', 'registry/2.0')
  // Both as the registry, without asking it.
  if (peer.path === '/v2') return answer(turn, { status: 301, body: '', headers: { location: '/v2/' } })
  if (req.method === 'OPTIONS') {
    return answer(turn, { status: 200, body: '', headers: { allow: allowHeader(req.url ?? '') } })
  }
  return ports.registry(req, res, peer)
}

async function answer({ req, res }: Turn, reply: Reply): Promise<BodyBytes> {
  await sendReply(req, res, reply)
  return NO_BYTES
}

function peerOf(req: IncomingMessage, ports: DispatchPorts, address: ClientAddress): Peer {
  const { peerIp, tls } = connectionOf(req.socket)
  const { method = '', url = '', headers } = req
  const query = url.indexOf('?')
  // Behind a proxy that ends TLS only its word tells what the client typed.
  const isForwarded = 'ip' in address && address.isProxied && headers['x-forwarded-proto'] === 'https'
  return {
    id: ports.newId(),
    startedMs: performance.now(),
    method,
    path: query === -1 ? url : url.slice(0, query),
    host: headers.host ?? '',
    clientIp: 'ip' in address ? address.ip : peerIp,
    peerIp,
    scheme: tls !== undefined || isForwarded ? 'https' : 'http',
    userAgent: headers['user-agent'],
    tls,
    certificate: certificateOf(req, ports),
  }
}

/** A browser sends its certificate along with whatever a foreign page asks for; no registry client names an origin. */
function certificateOf({ socket, headers }: IncomingMessage, ports: DispatchPorts): Peer['certificate'] {
  return socket instanceof TLSSocket && headers.origin === undefined
    ? ports.certificateOf?.(socket)
    : undefined
}
