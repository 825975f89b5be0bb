import { once } from 'node:events'
import { connect } from 'node:net'

/** An answer that was received to its last byte. */
export interface WholeAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** A request with its body, if any. */
export interface PlainRequest {
  readonly method: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
}

/** One connection that is kept, and asked one thing after the other. */
export interface HttpConnection {
  /** Rejects when the connection is lost before the answer is whole. */
  readonly ask: (request: PlainRequest) => Promise<WholeAnswer>
  readonly close: () => void
}

interface Pending {
  readonly hasNoBody: boolean
  readonly resolve: (answer: WholeAnswer) => void
  readonly reject: (error: Error) => void
}

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * Connects to a plain listener on loopback. Unlike a real client it costs little, and it tells an answer that was
 * received whole from all others.
 */
export async function openConnection(port: number): Promise<HttpConnection> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  let pending: Pending | undefined
  let received: Buffer[] = []
  let wanted = 0
  const lost = () => {
    pending?.reject(new Error('the connection is lost'))
    pending = undefined
  }
  const look = () => {
    const bytes = received.length === 1 ? (received[0] as Buffer) : Buffer.concat(received)
    received = [bytes]
    const found = pending === undefined ? undefined : parseAnswer(bytes, pending.hasNoBody)
    if (found === undefined) return
    wanted = found.length
    if (bytes.length < wanted || found.answer === undefined) return
    const { resolve } = pending as Pending
    pending = undefined
    received = []
    wanted = 0
    resolve(found.answer)
  }
  let bytes = 0
  socket.on('data', (piece: Buffer) => {
    received.push(piece)
    bytes = received.length === 1 ? piece.length : bytes + piece.length
    if (bytes >= wanted) look()
  })
  socket.on('error', () => {}) // `close` follows
  socket.once('close', lost)
  return {
    ask: ({ method, target, headers = {}, body = '' }) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('the connection is lost'))
        pending = { hasNoBody: method === 'HEAD', resolve, reject }
        const length = Buffer.byteLength(body)
        const lines = Object.entries({ host: `localhost:${port}`, ...headers }).map(
          ([name, value]) => `${name}: ${value}`,
        )
        if (length > 0 || method === 'POST' || method === 'PUT') lines.push(`content-length: ${length}`)
        const head = `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
        socket.write(length === 0 ? head : Buffer.concat([Buffer.from(head), Buffer.from(body)]))
      }),
    close: () => socket.destroy(),
  }
}

/** How long the whole answer is, and the answer once it is there; `undefined` before the end of the head. */
function parseAnswer(
  bytes: Buffer,
  hasNoBody: boolean,
): { readonly length: number; readonly answer?: WholeAnswer } | undefined {
  const end = bytes.indexOf(HEAD_END)
  if (end === -1) return undefined
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers = new Map(
    lines.map(line => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const status = Number(first.split(' ')[1])
  const isEmpty = hasNoBody || status === 204 || status === 304
  const size = headers.get('content-length')
  if (!isEmpty && size === undefined) throw new Error(`an answer without Content-Length: ${first}`)
  const start = end + HEAD_END.length
  const length = start + (isEmpty ? 0 : Number(size))
  if (bytes.length < length) return { length }
  return { length, answer: { status, headers, body: bytes.subarray(start, length) } }
}
