import { basic, startLandwaiter, type TestLandwaiter } from './landwaiter.ts'
import { type RecordingUpstream, startRecordingUpstream } from './recording-upstream.ts'
import type { Scope } from './scope.ts'
import { exchangeBytes } from './wire.ts'

/** A landwaiter before a registry that keeps what it gets, and a client of the administrator's that writes raw bytes. */
export interface HostileClient {
  readonly upstream: RecordingUpstream
  readonly landwaiter: TestLandwaiter
  /** Header lines of every honest request: where to, and who asks; Basic credentials that may do everything. */
  readonly hostLine: string
  readonly adminLine: string
  /** Sends one request, after which the connection is closed; resolves with the bytes that came back. */
  readonly send: (line: string, rest?: RequestRest) => Promise<string>
}

/** Header lines and a body, besides what every request has. */
export interface RequestRest {
  readonly headers?: readonly string[]
  readonly body?: string
}

/** Starts all of it; stopped at teardown. */
export async function startHostileClient(t: Scope): Promise<HostileClient> {
  const upstream = await startRecordingUpstream(t)
  const landwaiter = await startLandwaiter(t, { config: { registry: { upstream: upstream.upstream } } })
  const hostLine = `Host: ${landwaiter.host}`
  const adminLine = `Authorization: ${basic('admin')}`
  const send = (line: string, { headers = [], body = '' }: RequestRest = {}) =>
    exchangeBytes(
      t,
      landwaiter,
      rawRequest([line, hostLine, adminLine, 'Connection: close', ...headers], body),
    )
  return { upstream, landwaiter, hostLine, adminLine, send }
}

/** The bytes of a request from its lines. */
export function rawRequest(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}
