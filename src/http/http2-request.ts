import type { IncomingHttpHeaders } from 'node:http'
import type { IncomingHttpHeaders as Http2Headers, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'

/** What an HTTP/2 stream begins with. */
export interface Http2Head {
  readonly stream: ServerHttp2Stream
  /** Names and values as they came, pseudo-headers first. */
  readonly rawHeaders: readonly string[]
  /** As Node joined them. */
  readonly headers: Http2Headers
  readonly socket: Socket
  /** Called when so much of the body has been read that it is an upload which was let through. */
  readonly onUpload: () => void
}

/** More than is read of the form of a login. */
const UPLOAD_BYTES = 256 * 1024

/** Methods whose requests have a body unless they say that it is empty. */
const BODIED = new Set(['POST', 'PUT', 'PATCH'])

/**
 * A request of HTTP/2 with as much of `IncomingMessage` as our handlers use. `:authority` is its Host, and a body
 * without a length is `Transfer-Encoding: chunked`, so that every check of the headers holds for both versions.
 * Unlike Node's own it never ends when the client broke it off: then it is destroyed with an error, as in HTTP/1.1.
 * Spec: RFC 9113 §8.3.1.
 */
export class Http2Request extends Readable {
  readonly httpVersion = '2.0'
  readonly httpVersionMajor = 2
  readonly httpVersionMinor = 0
  readonly method: string
  readonly socket: Socket
  readonly rawHeaders: readonly string[]
  headers: IncomingHttpHeaders
  url: string
  /** Whether the client sent its end. */
  complete = false
  readonly #stream: ServerHttp2Stream
  readonly #onUpload: () => void
  #isFlowing = false
  #bytes = 0

  constructor({ stream, rawHeaders, headers, socket, onUpload }: Http2Head) {
    super()
    this.#stream = stream
    this.#onUpload = onUpload
    this.socket = socket
    this.method = String(headers[':method'] ?? '')
    this.url = String(headers[':path'] ?? '')
    const authority = headers[':authority']
    const plain = withoutPseudo(rawHeaders)
    // A Host that differs stays beside it, and the check of the framing refuses the two.
    const isSame = authority !== undefined && headers.host === authority
    this.rawHeaders = authority === undefined || isSame ? plain : ['host', String(authority), ...plain]
    this.headers = plainHeaders(headers, { method: this.method, isEnded: stream.endAfterHeaders })
    if (stream.endAfterHeaders) this.complete = true
    stream.once('end', () => this.#end())
    this.on('error', () => undefined)
  }

  /** The client is gone, or has given up this request. */
  abort(): void {
    if (this.readableEnded || this.destroyed) return
    if (!this.#stream.endAfterHeaders) this.complete = false
    this.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
  }

  override _read(): void {
    if (!this.#isFlowing) {
      this.#isFlowing = true
      this.#stream.on('data', (chunk: Buffer) => {
        const before = this.#bytes
        this.#bytes += chunk.length
        if (before < UPLOAD_BYTES && this.#bytes >= UPLOAD_BYTES) this.#onUpload()
        if (!this.push(chunk)) this.#stream.pause()
      })
    } else if (this.#stream.isPaused()) this.#stream.resume()
  }

  #end(): void {
    // Node ends a stream that was reset, too.
    if (this.#stream.aborted || this.#stream.rstCode !== 0) {
      this.abort()
      return
    }
    this.complete = true
    this.push(null)
  }
}

/** Whether a request came over HTTP/2; the version in its first line is the client's word and proves nothing. */
export function isHttp2(req: object): boolean {
  return req instanceof Http2Request
}

function plainHeaders(
  headers: Http2Headers,
  { method, isEnded }: { readonly method: string; readonly isEnded: boolean },
): IncomingHttpHeaders {
  const plain: IncomingHttpHeaders = {}
  for (const [name, value] of Object.entries(headers)) if (!name.startsWith(':')) plain[name] = value
  const authority = headers[':authority']
  if (authority !== undefined) plain.host = String(authority)
  if (plain['content-length'] !== undefined) return plain
  if (!isEnded) plain['transfer-encoding'] = 'chunked'
  else if (BODIED.has(method)) plain['content-length'] = '0'
  return plain
}

function withoutPseudo(rawHeaders: readonly string[]): readonly string[] {
  const plain: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    if (!name.startsWith(':')) plain.push(name, value)
  }
  return plain
}
