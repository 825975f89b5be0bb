import type { RequestListener } from 'node:http'
import { hostName } from './hosts.ts'
import { sendReply } from './reply.ts'

/**
 * Answers every plain request with a 308 to the same target over HTTPS: 308 keeps method and body (RFC 9110 §15.4.9).
 * `httpsPort` tells the public one of a host name, 443 is left out. Hosts that are not ours get 421.
 */
export function createHttpsRedirect(
  httpsPort: (name: string) => number,
  isOurs: (host: string) => boolean,
): RequestListener {
  return (req, res) => {
    const name = hostName(req.headers.host ?? '')
    const target = req.url ?? ''
    const headers = { connection: 'close' }
    if (!/^[a-z0-9.\-[\]:]+$/.test(name) || !isOurs(name) || !target.startsWith('/')) {
      void sendReply(req, res, { status: 421, body: '', headers })
      return
    }
    const port = httpsPort(name)
    const location = `https://${name}${port === 443 ? '' : `:${port}`}${target}`
    void sendReply(req, res, { status: 308, body: '', headers: { ...headers, location } })
  }
}
