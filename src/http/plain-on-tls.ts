import type { Duplex } from 'node:stream'

/** What OpenSSL calls a request in plain text where a TLS handshake should begin. */
const PLAIN_REQUEST = 'ERR_SSL_HTTP_REQUEST'

/** Whether a handshake failed because the client spoke HTTP without TLS. */
export function isPlainRequest(error: NodeJS.ErrnoException): boolean {
  return error.code === PLAIN_REQUEST
}

/**
 * Tells such a client in plain text to use HTTPS; `text` is one line. OpenSSL has swallowed the request by then, so the
 * answer does not depend on it.
 */
export function answerPlainRequest(socket: Duplex, text: string): void {
  // Under the TLS socket, which is being torn down, lies the one that can still be written.
  const { _parent: raw } = socket as Duplex & { readonly _parent?: Duplex }
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
  ]
  raw?.write(`${head.join('\r\n')}\r\n\r\n${text}`)
}
