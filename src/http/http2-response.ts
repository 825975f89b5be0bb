import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { Writable } from 'node:stream'
import type { Http2Request } from './http2-request.ts'

/** While one batch is on its way, the next is collected. */
const BUFFER_BYTES = 256 * 1024
/** Of the connection, which many streams share (RFC 9113 §8.2.2). */
const CONNECTION_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/**
 * The answer to a request of HTTP/2 with as much of `ServerResponse` as our handlers use. It has finished only when
 * the client was sent everything; destroyed before, the client sees the stream reset and never an early end.
 */
export class Http2Response extends Writable {
  readonly req: Http2Request
  statusCode = 200
  headersSent = false
  readonly #stream: ServerHttp2Stream
  readonly #headers: OutgoingHttpHeaders = {}

  constructor(stream: ServerHttp2Stream, req: Http2Request) {
    super({ highWaterMark: BUFFER_BYTES })
    this.#stream = stream
    this.req = req
    this.on('error', () => undefined)
  }

  setHeader(name: string, value: number | string | readonly string[]): this {
    const key = name.toLowerCase()
    if (!CONNECTION_HEADERS.has(key)) this.#headers[key] = typeof value === 'object' ? [...value] : value
    return this
  }

  getHeader(name: string): number | string | string[] | undefined {
    return this.#headers[name.toLowerCase()]
  }

  writeHead(status: number, headers: OutgoingHttpHeaders = {}): this {
    this.statusCode = status
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) this.setHeader(name, value)
    this.flushHeaders()
    return this
  }

  flushHeaders(): void {
    if (this.headersSent) return
    this.headersSent = true
    if (!this.#isGone()) this.#stream.respond({ ...this.#headers, ':status': this.statusCode })
  }

  writeContinue(): void {
    if (!this.#isGone() && !this.headersSent) this.#stream.additionalHeaders({ ':status': 100 })
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.flushHeaders()
    // The answer to a HEAD ends with its head.
    if (this.#stream.writableEnded) done()
    else this.#stream.write(chunk, done)
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer }[],
    done: (error?: Error | null) => void,
  ): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.flushHeaders()
    const finished = () => done(this.#stream.aborted ? new Error('the client has left') : null)
    if (this.#stream.writableFinished) finished()
    else this.#stream.once('finish', finished).end()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.writableFinished) {
      // `close` would send the end of the stream before the reset (RFC 9113 §8.1), and a short body would look whole.
      this.#stream.destroy(new Error('the answer was cut short'))
    } else if (!this.req.complete) this.#stream.close(constants.NGHTTP2_NO_ERROR)
    done(error)
  }

  #isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }
}
