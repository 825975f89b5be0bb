import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Scope } from './scope.ts'

/** One request as its bytes came, read as latin1. */
export interface RecordedRequest {
  readonly line: string
  /** `name: value` in lower case names, in the order of the wire. */
  readonly headers: readonly string[]
  readonly body: string
}

/** A registry of the test's own that keeps the exact bytes it gets. */
export interface RecordingUpstream {
  /** What landwaiter takes as `registry.upstream`. */
  readonly upstream: string
  /** The requests that landwaiter passed on, without its own look-ups, since the last call. */
  readonly take: () => readonly RecordedRequest[]
}

/** Gives the answer to one request; `undefined` closes the connection. */
export type AnswerRequest = (request: RecordedRequest) => string | undefined

/**
 * Starts a TCP server on loopback that answers each request with `answer`. It reads just enough HTTP for what
 * landwaiter sends: a head, then a body by length or in chunks.
 */
export async function startRecordingUpstream(
  t: Scope,
  answer: AnswerRequest = plausibleAnswer,
): Promise<RecordingUpstream> {
  const recorded: RecordedRequest[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket)).on('error', () => {}) // the client may leave at any time
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      for (;;) {
        const length = requestLength(text)
        if (length === undefined) return
        const request = parseRequest(text.slice(0, length))
        text = text.slice(length)
        recorded.push(request)
        const reply = answer(request)
        if (reply === undefined) socket.destroy()
        else socket.write(reply)
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return {
    upstream: `http://127.0.0.1:${port}`,
    // Only requests of clients have an id.
    take: () =>
      recorded.splice(0).filter(({ headers }) => headers.some(line => line.startsWith('x-request-id:'))),
  }
}

/** What a registry would say if all went well. */
export function plausibleAnswer({ line }: RecordedRequest): string {
  const [method = '', target = ''] = line.split(' ')
  const location = `Location: /v2/a/blobs/uploads/0b51f4a5-0c0c-4d5e-8f6d-8a5f3f6d1c11?_state=s\r\n`
  if (method === 'POST' || method === 'PATCH')
    return `HTTP/1.1 202 Accepted\r\n${location}Content-Length: 0\r\n\r\n`
  if (method === 'PUT') return 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'
  if (method === 'DELETE') return 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n'
  if (method === 'HEAD') return 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'
  return target.includes('/uploads/')
    ? `HTTP/1.1 204 No Content\r\n${location}\r\n`
    : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'
}

/** Length of the first request in `text` once it is whole. */
function requestLength(text: string): number | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const bodyStart = end + 4
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const chunks = readChunks(text.slice(bodyStart))
    return chunks && bodyStart + chunks.length
  }
  const total = bodyStart + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  return text.length < total ? undefined : total
}

/** The data of a chunked body without trailers, and the length of its framing; `undefined` until it is whole. */
function readChunks(text: string): { readonly data: string; readonly length: number } | undefined {
  let data = ''
  let position = 0
  for (;;) {
    const lineEnd = text.indexOf('\r\n', position)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(text.slice(position, lineEnd), 16)
    const start = lineEnd + 2
    position = start + size + 2
    if (text.length < position) return undefined
    if (size === 0) return { data, length: position }
    data += text.slice(start, start + size)
  }
}

/** The body of a recorded request, taken out of its chunks. */
export function payloadOf({ headers, body }: RecordedRequest): string {
  return headers.includes('transfer-encoding: chunked') ? (readChunks(body)?.data ?? '') : body
}

function parseRequest(text: string): RecordedRequest {
  const end = text.indexOf('\r\n\r\n')
  const [line = '', ...headers] = text.slice(0, end).split('\r\n')
  return {
    line,
    headers: headers.map(header => header.replace(/^[^:]+/, name => name.toLowerCase())),
    body: text.slice(end + 4),
  }
}
