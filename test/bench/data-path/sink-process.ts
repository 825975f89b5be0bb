import { createServer, type Socket } from 'node:net'

/**
 * A registry that reads uploads and forgets them, as a process of its own; prints its port. It checks no more of the
 * framing than it needs to find the end of a body, so that it costs little beside a proxy.
 */

const CRLF = '\r\n'

/** Takes pieces of a body; the bytes that come after its end, or `undefined` as long as it goes on. */
type Body = (piece: Buffer) => Buffer | undefined

const server = createServer(serve)
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') process.stdout.write(`port ${address?.port}\n`)
})
process.once('SIGTERM', () => process.exit())

function serve(socket: Socket): void {
  let head = Buffer.alloc(0)
  let body: Body | undefined
  let request = ''
  let received = 0
  const add = (bytes: number) => {
    received += bytes
  }
  const take = (piece: Buffer): void => {
    if (body !== undefined) {
      const rest = body(piece)
      if (rest === undefined) return
      body = undefined
      socket.write(answerTo(request, received))
      if (rest.length > 0) take(rest)
      return
    }
    head = Buffer.concat([head, piece])
    const end = head.indexOf(CRLF + CRLF)
    if (end === -1) return
    const [text, rest] = [head.toString('latin1', 0, end), head.subarray(end + 4)]
    head = Buffer.alloc(0)
    if (/^expect: *100-continue/im.test(text)) socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    request = text
    received = 0
    body = bodyOf(text, add)
    take(rest)
  }
  socket.setNoDelay(true)
  socket.on('data', take)
  socket.on('error', () => {
    // The proxy has gone, and nothing here outlives its connection.
  })
}

function answerTo(head: string, received: number): string {
  const [, method = '', path = ''] = /^(\S+) (\S+)/.exec(head) ?? []
  const statuses: Readonly<Record<string, string>> = { PATCH: '202 Accepted', POST: '202 Accepted' }
  const status = method === 'PUT' ? '201 Created' : (statuses[method] ?? '200 OK')
  const location = method === 'GET' ? [] : [`Location: ${path}`, `Range: 0-${received - 1}`]
  const lines = [`HTTP/1.1 ${status}`, 'Docker-Distribution-Api-Version: registry/2.0', ...location]
  return [...lines, 'Content-Length: 0', '', ''].join(CRLF)
}

/** `add` is told of all bytes that are not framing. */
function bodyOf(head: string, add: (bytes: number) => void): Body {
  if (/^transfer-encoding: *chunked/im.test(head)) return chunked(add)
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  add(length)
  return counted(length)
}

function counted(length: number): Body {
  let left = length
  return piece => {
    if (piece.length < left) {
      left -= piece.length
      return undefined
    }
    return piece.subarray(left)
  }
}

/** RFC 9112 §7.1 without extensions and trailers. */
function chunked(add: (bytes: number) => void): Body {
  let line = ''
  let isLast = false
  let data: Body | undefined
  const takeData = (chunk: Body, piece: Buffer) => {
    const rest = chunk(piece)
    if (rest === undefined || isLast) return rest
    data = undefined
    return take(rest)
  }
  const take: Body = piece => {
    if (data !== undefined) return takeData(data, piece)
    const end = piece.indexOf('\n')
    line += piece.toString('latin1', 0, end === -1 ? piece.length : end)
    if (end === -1) return undefined
    const size = Number.parseInt(line, 16)
    line = ''
    add(size)
    isLast = size === 0
    data = counted(size + CRLF.length) // which ends a chunk, and an empty trailer
    return take(piece.subarray(end + 1))
  }
  return take
}
