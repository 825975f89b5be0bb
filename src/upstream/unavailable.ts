import { UpstreamUnavailable } from '../model/errors.ts'
import { type UpstreamAddress, upstreamName } from './address.ts'

/** As http-proxy-3 and undici call it. */
const CONNECT_TIMEOUTS: ReadonlySet<string> = new Set(['ECONNECT_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT'])

/** The error for a request that got no whole answer; `cause` is the system's or undici's error. */
export function unavailable(address: UpstreamAddress, cause: unknown): UpstreamUnavailable {
  const isConnect = isConnectFault(cause)
  const what = isConnect ? 'cannot be reached' : 'did not answer'
  return new UpstreamUnavailable(
    isConnect ? 'connect' : 'headers',
    `the registry ${what}, try again shortly`,
    {
      cause: new Error(`upstream ${upstreamName(address)}`, { cause }),
    },
  )
}

/** The error for an answer that does not say what was asked. */
export function unexpectedAnswer(what: string): UpstreamUnavailable {
  const cause = new Error(`the registry answered ${what}`)
  return new UpstreamUnavailable('headers', 'the registry did not say what it has, try again shortly', {
    cause,
  })
}

/** A name may have several addresses: then it is one error for all of them, without a `syscall` of its own. */
function isConnectFault(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isConnectFault)
  if (!(error instanceof Error)) return false
  const { syscall, code } = error as NodeJS.ErrnoException
  return syscall === 'connect' || syscall === 'getaddrinfo' || CONNECT_TIMEOUTS.has(code ?? '')
}
