import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type TLSSocket } from 'node:tls'
import type { TestLandwaiter } from './landwaiter.ts'
import type { Scope } from './scope.ts'

/** A TLS connection that sends what it is told, byte for byte. */
export interface RawClient {
  readonly socket: TLSSocket
  /** All that has come back. */
  readonly received: () => Buffer
  /** Resolves when the connection is gone, by either side and in whatever manner. */
  readonly closed: Promise<void>
}

/** Connects to a landwaiter with an internal CA; `read: false` leaves what comes in the socket. */
export async function connectRaw(
  t: Scope,
  to: Pick<TestLandwaiter, 'host' | 'caFile'>,
  { read = true }: { readonly read?: boolean } = {},
): Promise<RawClient> {
  const [servername = '', port = ''] = to.host.split(':')
  const socket = connect({ host: '127.0.0.1', port: Number(port), servername, ca: readFileSync(to.caFile) })
  t.teardown(() => socket.destroy())
  await once(socket, 'secureConnect')
  const chunks: Buffer[] = []
  if (read) socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const closed = new Promise<void>(resolve => {
    socket.once('close', () => resolve())
    socket.once('end', () => resolve())
  })
  socket.on('error', () => undefined)
  return { socket, received: () => Buffer.concat(chunks), closed }
}

/** The head of a request: its first line without the version, and header lines. */
export function requestHead(line: string, ...headers: readonly string[]): string {
  return `${[`${line} HTTP/1.1`, ...headers].join('\r\n')}\r\n\r\n`
}

/** `data` as one chunk of a chunked body; an empty one ends the body. Spec: RFC 9112 §7.1. */
export function chunk(data: Buffer | string): Buffer {
  const bytes = Buffer.from(data)
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}
