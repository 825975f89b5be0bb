import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'

/**
 * Opens connections, asks one thing on each and keeps them, as a process of its own: argument 1 is an `IdleOrder` in
 * JSON. Prints `open` when all have been answered, and goes on until it is ended.
 */

/** What it is asked for. */
export interface IdleOrder {
  readonly port: number
  readonly connections: number
  /** The whole head, with the empty line. */
  readonly request: string
}

const AT_A_TIME = 16

const order: IdleOrder = JSON.parse(process.argv[2] ?? '')
const sockets: TLSSocket[] = []
while (sockets.length < order.connections) {
  const count = Math.min(AT_A_TIME, order.connections - sockets.length)
  sockets.push(...(await Promise.all(Array.from({ length: count }, open))))
}
process.stdout.write('open\n')

async function open(): Promise<TLSSocket> {
  const options = { host: '127.0.0.1', port: order.port, servername: 'localhost', rejectUnauthorized: false }
  const socket = connect(options)
  await once(socket, 'secureConnect')
  socket.write(order.request)
  const [answer]: Buffer[] = await once(socket, 'data')
  if (answer?.subarray(0, 12).toString() !== 'HTTP/1.1 200') throw new Error(`answered with ${answer}`)
  socket.once('close', () => {
    throw new Error('the server closed a connection')
  })
  return socket
}
