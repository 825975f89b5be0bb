import { once } from 'node:events'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'

/** What `handshakes` is asked for; the options go to every connection. */
export interface HandshakeOrder {
  readonly port: number
  readonly options: ConnectionOptions
  readonly count: number
  readonly concurrency: number
}

/** Options of a client that trusts anybody; the certificate is made for one run. */
export function clientOptions(port: number, options: ConnectionOptions = {}): ConnectionOptions {
  return { host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false, ...options }
}

/** An open connection. Rejects with the failure of the handshake. */
export function openConnection(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const socket = connect(clientOptions(port, options), () => resolve(socket))
  socket.once('error', reject)
  return promise
}

/** A session that the server may resume; TLS 1.3 sends it after the handshake. */
export async function fetchSession(port: number, options: ConnectionOptions): Promise<Buffer> {
  const socket = connect(clientOptions(port, options))
  try {
    const ticket = once(socket, 'session', { signal: AbortSignal.timeout(5_000) })
    await Promise.race([once(socket, 'secureConnect'), ticket])
    if (socket.getProtocol() === 'TLSv1.2') {
      ticket.catch(() => {}) // without tickets there is none
      return socket.getSession() ?? Buffer.alloc(0)
    }
    const [session]: Buffer[] = await ticket
    return session ?? Buffer.alloc(0)
  } finally {
    socket.destroy()
  }
}

/** Opens and closes connections, no request in between, and waits for the server's end of each; the number resumed. */
export async function handshakes({ port, options, count, concurrency }: HandshakeOrder): Promise<number> {
  let left = count
  let resumed = 0
  const work = async () => {
    while (left > 0) {
      left -= 1
      const socket = await openConnection(port, options)
      if (socket.isSessionReused()) resumed += 1
      const closed = once(socket, 'close')
      socket.resume().end()
      await closed
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return resumed
}
