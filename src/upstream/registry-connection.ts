import { connect, type Socket } from 'node:net'
import type { UpstreamAddress } from './address.ts'

/** Who gets what a connection receives. */
export interface ConnectionReader {
  /** What came in, whose memory is the reader's until it is read into again. */
  read(piece: Buffer): void
  /** Where to read into next; `undefined` is the connection's own small buffer. Asked after each `read`. */
  nextBuffer(): Uint8Array<ArrayBuffer> | undefined
  /** `false` stops reading, until `resume`. Asked last. */
  isReady(): boolean
  /** The connection is over; nothing follows. */
  ended(error: Error | undefined): void
}

/** A connection to the registry, for one request at a time. */
export interface RegistryConnection {
  readonly socket: Socket
  /** It has carried a request before. */
  isReused: boolean
  /** Hands everything that comes from now on to `reader`. */
  attach(reader: ConnectionReader): void
  /** Goes on reading, into the buffer that was named last. */
  resume(): void
  destroy(error?: Error): void
}

/** How long the registry may take, ms. */
export interface ConnectionLimits {
  readonly connectMs: number
  /** Without a byte either way; committing a huge blob to object storage takes minutes. */
  readonly silenceMs: number
}

/** A head and a manifest fit; what is larger is read into buffers from the budget. */
const OWN_BUFFER_BYTES = 16 * 1024

/**
 * A new connection, once it stands. It reads into buffers that its reader names, which spares Node's own
 * allocation of 64 KiB for every read. Rejects with the system's error.
 */
export function openRegistryConnection(
  address: UpstreamAddress,
  { connectMs, silenceMs }: ConnectionLimits,
): Promise<RegistryConnection> {
  const own = new Uint8Array(OWN_BUFFER_BYTES)
  let reader: ConnectionReader | undefined
  let next = own
  const socket = connect({
    ...placeOf(address),
    noDelay: true,
    onread: {
      buffer: () => next,
      callback: (count, buffer) => {
        // The reader may be another one after each of these.
        reader?.read(Buffer.from(buffer.buffer, buffer.byteOffset, count))
        next = reader?.nextBuffer() ?? own
        return reader?.isReady() ?? false
      },
    },
  })
  const connection: RegistryConnection = {
    socket,
    isReused: false,
    attach: next => {
      reader = next
    },
    resume: () => void socket.resume(),
    destroy: error => void socket.destroy(error),
  }
  return established(connection, { connectMs, silenceMs, ended: error => reader?.ended(error) })
}

function established(
  connection: RegistryConnection,
  { connectMs, silenceMs, ended }: ConnectionLimits & { readonly ended: (error: Error | undefined) => void },
): Promise<RegistryConnection> {
  const { socket } = connection
  const { promise, resolve, reject } = Promise.withResolvers<RegistryConnection>()
  const timer = setTimeout(() => socket.destroy(connectTimeout(connectMs)), connectMs)
  let fault: Error | undefined
  let isOver = false
  const over = () => {
    if (!isOver) ended(fault)
    isOver = true
  }
  socket.once('connect', () => {
    clearTimeout(timer)
    resolve(connection)
  })
  socket.on('error', error => {
    fault = error
  })
  socket.once('close', () => {
    clearTimeout(timer)
    reject(fault ?? new Error('the connection ended before it stood'))
    over()
  })
  // The registry sends no more, even if it would go on reading.
  socket.once('end', over)
  socket.setTimeout(silenceMs, () => socket.destroy(new Error(`no answer for ${silenceMs} ms`)))
  // Without it the end of a connection that waits for its next request would go unnoticed.
  socket.resume()
  return promise
}

function placeOf(address: UpstreamAddress) {
  return address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }
}

function connectTimeout(ms: number): Error {
  return Object.assign(new Error(`no connection after ${ms} ms`), { code: 'ECONNECT_TIMEOUT' })
}
