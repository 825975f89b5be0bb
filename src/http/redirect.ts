import type { RequestListener } from 'node:http'

/**
 * Answers every plain request with a 308 to the same target over HTTPS: 308 keeps method and body (RFC 9110 §15.4.9).
 * `httpsPort` is the public one, 443 is left out. Hosts that are not ours get 421.
 */
export function createHttpsRedirect(
  httpsPort: () => number,
  isOurs: (host: string) => boolean,
): RequestListener {
  return (req, res) => {
    const host = (req.headers.host ?? '').toLowerCase().replace(/:\d+$/, '')
    const target = req.url ?? '/'
    if (!/^[a-z0-9.\-[\]:]+$/.test(host) || !isOurs(host) || !target.startsWith('/')) {
      res.writeHead(421, { connection: 'close', 'content-length': 0 }).end()
      return
    }
    const port = httpsPort()
    const location = `https://${host}${port === 443 ? '' : `:${port}`}${target}`
    res.writeHead(308, { location, connection: 'close', 'content-length': 0 }).end()
  }
}
