import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { resetSocket } from './reset-socket.ts'
import type { Scope } from './scope.ts'

/** One request as it came over the wire: the head as text, the body bytes that came with it, the connection. */
export interface WireRequest {
  readonly head: string
  readonly early: Buffer
  readonly socket: Socket
  /** Which connection of the stand-in this is, from 1. */
  readonly connection: number
  /** After the answer: reads another request from the connection, which may begin with `rest`. */
  readonly next: (rest?: Buffer) => void
}

export type Serve = (request: WireRequest) => void

/** A registry of raw sockets that misbehaves on demand. */
export interface StandInRegistry {
  /** What landwaiter takes as `registry.upstream`. */
  readonly upstream: string
  readonly port: number
  /** Heads of the requests that it was sent, without landwaiter's own probes. */
  readonly heads: readonly string[]
  /** Ends it with all its connections. */
  stop(): Promise<void>
}

/** Starts a stand-in on `port` (any unless told) of loopback; it answers probes itself. Stopped at teardown. */
export async function startStandIn(t: Scope, serve: Serve, port = 0): Promise<StandInRegistry> {
  const heads: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    connections += 1
    readRequests(socket, connections, request => {
      if (isProbe(request.head)) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        request.next(request.early)
        return
      }
      heads.push(request.head)
      serve(request)
    })
  })
  const stop = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) resetSocket(socket)
    await closed
  }
  t.teardown(stop)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const bound = (server.address() as AddressInfo).port
  return { upstream: `http://127.0.0.1:${bound}`, port: bound, heads, stop }
}

function readRequests(socket: Socket, connection: number, serve: Serve): void {
  const next = (rest: Buffer = Buffer.alloc(0)) => {
    let received = rest
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const end = received.indexOf('\r\n\r\n')
      if (end < 0) return
      socket.off('data', onData)
      const head = received.subarray(0, end + 4).toString('latin1')
      serve({ head, early: received.subarray(end + 4), socket, connection, next })
    }
    socket.on('data', onData)
    onData(Buffer.alloc(0))
  }
  next()
}

function isProbe(head: string): boolean {
  return head.startsWith('GET /v2/ ') && !/^x-request-id:/im.test(head)
}
