import type { Server } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Http2Sessions } from './http2-sessions.ts'
import { inheritSource } from './proxy-protocol.ts'

/** A validation of a certificate authority, which has seen all that it wants by then (RFC 8737 §3). */
const CHALLENGE_PROTOCOL = 'acme-tls/1'

/**
 * Leads each TLS connection of an HTTPS server to what its handshake chose: HTTP/2, or else the server's own HTTP/1.1.
 */
export function serveByProtocol(server: Server, http2: Http2Sessions): void {
  const http1 = server.listeners('secureConnection')
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    inheritSource(socket)
    if (socket.alpnProtocol === 'h2') http2.accept(socket)
    else if (socket.alpnProtocol === CHALLENGE_PROTOCOL) socket.on('error', () => undefined).end()
    else for (const listener of http1) listener.call(server, socket)
  })
}
