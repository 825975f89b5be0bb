import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { proxiedSource } from './proxy-protocol.ts'
import { unmapped } from './trust-list.ts'

/** What all requests of one connection have in common. */
export interface Connection {
  /** Address of the TCP peer, or of whom a PROXY header named. */
  readonly peerIp: string
  /** `1.2` or `1.3`; undefined on a plain connection. */
  readonly tls: string | undefined
  /** The answer that is under way or was the last to begin, in HTTP/1.1. */
  answer?: ServerResponse | undefined
}

const connections = new WeakMap<Socket, Connection>()

/** The connection of a request; asked of the system once. */
export function connectionOf(socket: Socket): Connection {
  const known = connections.get(socket)
  if (known !== undefined) return known
  const connection: Connection = {
    peerIp: unmapped(proxiedSource(socket) ?? socket.remoteAddress ?? ''),
    tls: socket instanceof TLSSocket ? socket.getProtocol()?.replace('TLSv', '') : undefined,
    answer: undefined,
  }
  connections.set(socket, connection)
  return connection
}
