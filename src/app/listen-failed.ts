import { AppError } from '../model/errors.ts'

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is already in use',
  EACCES: 'the port may not be opened by this user (below 1024 needs CAP_NET_BIND_SERVICE)',
  EADDRNOTAVAIL: 'this machine has no such address',
}

/** A listener that could not be opened; `key` is its configuration key. */
export class ListenFailed extends AppError {
  readonly code = 'LISTEN_FAILED'

  constructor(key: string, address: string, cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    super(`${key} ${address}: ${REASONS[code] ?? String(cause)}`, { cause })
  }
}
