import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Log } from '../model/ports.ts'
import { linger } from './linger.ts'

/** What Node's parser calls it, the status, and what the client is told. */
const FAULTS: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the request headers are larger than 64 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request headers took too long'],
}

/**
 * Answers what Node's HTTP parser refuses with the registry's JSON envelope, and ends the connection.
 * `isAnswering`: an answer is on its way on this connection, so nothing may be written between.
 */
export function answerParseFault(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  { isAnswering, log }: { readonly isAnswering: boolean; readonly log: Log },
): void {
  if (isAnswering || error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, message] = FAULTS[error.code ?? ''] ?? [400, 'the request is not valid HTTP/1.1']
  log.debug('request refused by the HTTP parser', { status, error })
  const body = JSON.stringify({ errors: [{ code: 'UNSUPPORTED', message }] })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  linger(socket)
}
