import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/**
 * Asks one server the same things over and over, as a process of its own: standard input is a `LoadOrder` in JSON,
 * standard output a `LoadResult`. It looks at no more of an answer than it must, so that it costs little beside the
 * server.
 */

/** What it is asked for. */
export interface LoadOrder {
  readonly port: number
  readonly isTls: boolean
  /** Whole requests; they are sent in turns, whatever the connection. */
  readonly requests: readonly string[]
  /** That every answer is to have. */
  readonly status: number
  /** Whether answers have no body whatever their Content-Length says (HEAD). */
  readonly hasNoBody: boolean
  readonly connections: number
  readonly seconds: number
}

/** What it has seen. */
export interface LoadResult {
  readonly requests: number
  /** From the first request to the last answer, all connections open before. */
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers with another status. */
  readonly failures: number
}

const HEAD_END = Buffer.from('\r\n\r\n')

const order: LoadOrder = JSON.parse(readFileSync(0, 'utf8'))
const texts = order.requests.map(text => Buffer.from(text))
const expected = Buffer.from(`HTTP/1.1 ${order.status}`)
let asked = 0
const latenciesMs: number[] = []
let failures = 0

const sockets = await Promise.all(Array.from({ length: order.connections }, open))
const start = performance.now()
const end = start + order.seconds * 1_000
await Promise.all(sockets.map(keepAsking))
const seconds = (performance.now() - start) / 1_000
const sorted = latenciesMs.toSorted((a, b) => a - b)
const at = (share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
const result: LoadResult = { requests: sorted.length, seconds, p50Ms: at(0.5), p99Ms: at(0.99), failures }
process.stdout.write(JSON.stringify(result), () => process.exit())

async function open(): Promise<Socket> {
  const address = { host: '127.0.0.1', port: order.port }
  if (!order.isTls) {
    const socket = connectPlain(address)
    await once(socket, 'connect')
    return socket
  }
  const socket = connectTls({ ...address, servername: 'localhost', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  return socket
}

/** Resolves after the last answer. */
function keepAsking(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let sent = performance.now()
  let left = 0
  let partial: Buffer = Buffer.alloc(0)
  const ask = () => {
    sent = performance.now()
    socket.write(texts[asked % texts.length] ?? '')
    asked += 1
  }
  const answered = () => {
    const now = performance.now()
    latenciesMs.push(now - sent)
    if (now < end) ask()
    else resolve()
  }
  socket.on('data', (piece: Buffer) => {
    if (left > 0) {
      left -= piece.length
      if (left === 0) answered()
      return
    }
    const text = partial.length === 0 ? piece : Buffer.concat([partial, piece])
    const headEnd = text.indexOf(HEAD_END)
    if (headEnd === -1) {
      partial = text
      return
    }
    partial = Buffer.alloc(0)
    if (text.compare(expected, 0, expected.length, 0, expected.length) !== 0) failures += 1
    left = bodyLength(text.toString('latin1', 0, headEnd + 2)) - (text.length - headEnd - HEAD_END.length)
    if (left === 0) answered()
  })
  socket.once('error', reject)
  socket.once('close', () => reject(new Error('the server closed a connection')))
  ask()
  return promise
}

function bodyLength(text: string): number {
  if (order.hasNoBody) return 0
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(text)?.[1]
  if (length === undefined) throw new Error(`an answer without Content-Length:\n${text}`)
  return Number(length)
}
