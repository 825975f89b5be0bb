import type { UpstreamAddress } from './address.ts'

/** How undici reaches the registry. */
export interface UndiciTarget {
  /** What stands before the path of each URL. */
  readonly origin: string
  /** The `connect` options of an Agent. */
  readonly connect: { readonly timeout: number; readonly socketPath?: string }
}

/** The target for an address; a connection may take `timeoutMs` to come about. */
export function undiciTarget(address: UpstreamAddress, timeoutMs: number): UndiciTarget {
  if (address.kind === 'unix') {
    return { origin: 'http://localhost', connect: { timeout: timeoutMs, socketPath: address.path } }
  }
  return { origin: `http://${hostOf(address.host)}:${address.port}`, connect: { timeout: timeoutMs } }
}

function hostOf(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
