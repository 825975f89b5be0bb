/** Where the admin listener listens; without `host` on every address. */
export interface AdminAddress {
  readonly host?: string | undefined
  readonly port: number
}

/** The URL of a path on the admin listener, for a client on the same machine. */
export function adminUrl({ host, port }: AdminAddress, path: string): string {
  return `http://${connectable(host)}:${port}${path}`
}

/** An address to connect to for one that was listened on. */
function connectable(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
