import type { Duplex } from 'node:stream'

/** Long enough for an answer to be read, short for somebody who only wants to hold the connection. */
const LINGER_MS = 2_000
const LINGER_BYTES = 16 * 1024 * 1024

/**
 * Ends our side of a connection of HTTP/1.1 after the answer, and drops unread what the client still sends: bytes that
 * lie in a socket when it is closed reset the connection, and the client may lose its answer. Over when the client
 * closes its side, after 2 s or 16 MiB.
 * Spec: RFC 9112 §9.6.
 */
export function linger(socket: Duplex): void {
  let left = LINGER_BYTES
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
  // A listener of its own takes the socket from Node's parser, which would go on to read requests.
  socket.on('data', () => undefined)
  socket.removeAllListeners('data')
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left <= 0) socket.destroy()
  })
  socket.resume()
  socket.end()
}

/** Sees to it that Node lingers, too, where it would close the connection after the answer under way. */
export function lingerAfterAnswer(socket: Duplex): void {
  Object.assign(socket, { destroySoon: () => linger(socket) })
}
