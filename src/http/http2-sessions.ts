import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Log } from '../model/ports.ts'
import { Http2Request } from './http2-request.ts'
import { Http2Response } from './http2-response.ts'

type HttpAnswer = ServerResponse<IncomingMessage> & { req: IncomingMessage }

const MIB = 1024 * 1024
/** What each stream may have sent that nobody has read yet, whoever the client is. */
const FIRST_STREAM_WINDOW_BYTES = 256 * 1024
/** The same once an upload was let through; small windows make one four times slower. */
const STREAM_WINDOW_BYTES = 8 * MIB
/** Of all streams. It only has to be wide: Node opens it again as soon as data has come, read or not. */
const SESSION_WINDOW_BYTES = 32 * MIB
const FRAME_BYTES = 256 * 1024
const MAX_STREAMS = 100
const MAX_HEADER_PAIRS = 1_000
const SESSION_MEMORY_MB = 64
const MAX_INVALID_FRAMES = 100
/** What a connection may need to say goodbye when its last stream has ended. */
const GOODBYE_MS = 500

export interface Http2Options {
  readonly maxHeaderBytes: number
  /** For the first request of a connection. */
  readonly headersMs: number
  /** For the next one. */
  readonly keepAliveMs: number
  /** A connection on which neither side has sent a byte for so long is dead. */
  readonly idleMs: number
  /** Gets what our handlers use of a request and its answer, see Http2Request and Http2Response. */
  readonly serve: RequestListener
  /** Whether the silence of a connection is not the client's fault. */
  readonly isExcused: (socket: Socket) => boolean
  readonly log: Log
}

/** The connections that speak HTTP/2. */
export interface Http2Sessions {
  /** Serves a connection whose TLS handshake chose `h2`. */
  accept(socket: Socket): void
  /** Says GOAWAY to every client: running streams end, none begins, and the connections close. */
  close(): void
}

/**
 * HTTP/2 on connections that somebody else accepted. Node's own limits against floods of SETTINGS, PING and resets
 * hold; a connection without a request is closed after a while, whatever it sends.
 * Spec: RFC 9113 §6.5.2, §6.8, §10.5.
 */
export function createHttp2Sessions(options: Http2Options): Http2Sessions {
  const server = createServer({
    maxHeaderListPairs: MAX_HEADER_PAIRS,
    maxSessionMemory: SESSION_MEMORY_MB,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    settings: {
      initialWindowSize: FIRST_STREAM_WINDOW_BYTES,
      maxFrameSize: FRAME_BYTES,
      maxConcurrentStreams: MAX_STREAMS,
      maxHeaderListSize: options.maxHeaderBytes,
      enablePush: false,
    },
  })
  const sessions = new Set<ServerHttp2Session>()
  let isClosing = false
  server.on('sessionError', (error: Error) => options.log.debug('HTTP/2 connection failed', { error }))
  return {
    accept: socket => {
      // Emitted within the call, so it is this connection's.
      server.once('session', session => {
        sessions.add(session)
        session.once('close', () => sessions.delete(session))
        superviseSession(session, socket, options)
        // Its TLS handshake was under way when the others were told.
        if (isClosing) session.close()
      })
      server.emit('connection', socket)
    },
    close: () => {
      isClosing = true
      for (const session of sessions) session.close()
    },
  }
}

function superviseSession(session: ServerHttp2Session, socket: Socket, options: Http2Options): void {
  session.setLocalWindowSize(SESSION_WINDOW_BYTES)
  session.setTimeout(options.idleMs)
  session.on('timeout', () => {
    if (!options.isExcused(socket)) session.destroy()
  })
  let streams = 0
  let isWide = false
  const onUpload = () => {
    if (isWide || session.destroyed) return
    isWide = true
    // Holds for the streams that are open, too (RFC 9113 §6.9.2).
    session.settings({ initialWindowSize: STREAM_WINDOW_BYTES })
  }
  const end = () => endSession(session, socket)
  let unused = setTimeout(end, options.headersMs)
  session.once('close', () => clearTimeout(unused))
  session.on('stream', (stream, headers: IncomingHttpHeaders, _flags, rawHeaders: readonly string[]) => {
    clearTimeout(unused)
    streams += 1
    stream.once('close', () => {
      streams -= 1
      if (streams === 0 && !session.destroyed) unused = setTimeout(end, options.keepAliveMs)
    })
    begin(stream, new Http2Request({ stream, headers, rawHeaders, socket, onUpload }), options)
  })
}

function begin(stream: ServerHttp2Stream, req: Http2Request, { serve }: Http2Options): void {
  const res = new Http2Response(stream, req)
  const abort = () => {
    // The answer first: whoever waits for it learns that the client left before its request fails.
    if (!res.writableFinished) res.destroy()
    req.abort()
  }
  // A reset and a lost connection; both also come as an error, which says no more.
  stream.once('aborted', abort).once('close', abort).on('error', abort)
  serve(req as unknown as IncomingMessage, res as unknown as HttpAnswer)
}

function endSession(session: ServerHttp2Session, socket: Socket): void {
  session.close()
  const timer = setTimeout(() => socket.destroy(), GOODBYE_MS)
  socket.once('close', () => clearTimeout(timer))
}
