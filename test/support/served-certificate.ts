import type { X509Certificate } from 'node:crypto'
import { type ConnectionOptions, connect } from 'node:tls'

/** What one handshake showed, or the code of its failure. */
export type ServedCertificate =
  | {
      readonly leaf: X509Certificate
      /** What is wrong with the chain for a client that trusts the given root; `undefined` when nothing is. */
      readonly fault: string | undefined
      readonly protocol: string | null
      readonly alpn: string | false | null
      readonly isResumed: boolean
    }
  | { readonly code: string }

const TIMEOUT_MS = 20_000

/** Handshakes at a port of loopback once; a certificate that cannot be verified is told, not refused. */
export function servedCertificate(
  port: number,
  options: Pick<ConnectionOptions, 'servername' | 'ca' | 'ALPNProtocols' | 'maxVersion' | 'minVersion'> & {
    readonly host?: string
  },
): Promise<ServedCertificate> {
  const { host = '127.0.0.1' } = options
  const socket = connect({ ...options, host, port, rejectUnauthorized: false, timeout: TIMEOUT_MS })
  return new Promise(resolve => {
    socket.once('secureConnect', () => {
      const leaf = socket.getPeerX509Certificate()
      // Node's error here is a text, whatever its type says.
      const fault = socket.authorized ? undefined : String(socket.authorizationError)
      const isResumed = socket.isSessionReused()
      const seen = { fault, protocol: socket.getProtocol(), alpn: socket.alpnProtocol, isResumed }
      socket.destroy()
      resolve(leaf === undefined ? { code: 'no certificate' } : { leaf, ...seen })
    })
    socket.once('error', error => resolve({ code: (error as NodeJS.ErrnoException).code ?? error.message }))
    socket.once('timeout', () => {
      socket.destroy()
      resolve({ code: 'timeout' })
    })
  })
}
