import type { ProbeTarget } from './preflight-probe.ts'

const CLOSED = ['ECONNREFUSED']
const SILENT = ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'TimeoutError', 'UND_ERR_HEADERS_TIMEOUT']
const UNREACHABLE = ['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'ENETDOWN', 'EACCES', 'EPERM']

/**
 * Why a port cannot be connected to, as a sentence without its full stop; `undefined` when the error is of another kind.
 * `listener` is the key of the configuration that the port leads to.
 */
export function connectFault(
  error: unknown,
  { address, port }: ProbeTarget,
  listener: 'listen.http' | 'listen.https',
): string | undefined {
  const code = errorCode(error)
  const where = `port ${port} of ${address}`
  if (CLOSED.includes(code)) return `${where} is closed: open it or forward it to ${listener}`
  if (SILENT.includes(code)) {
    return `${where} does not answer, as behind a firewall: open it or forward it to ${listener}`
  }
  return UNREACHABLE.includes(code) ? `${address} cannot be reached from here (${code})` : undefined
}

/** The code of an error, or its name when it has none. */
export function errorCode(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown }
  return String(typeof code === 'string' ? code : name)
}
