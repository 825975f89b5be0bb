import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { Agent, buildConnector, request } from 'undici'
import type { Scope } from './scope.ts'

export interface TrafficOptions {
  /** What clients trust, PEM; asked at every connection. */
  readonly roots: () => string | readonly string[]
  /** What every client does again and again; throws when something is not as it should be. */
  readonly visit: (ask: Ask) => Promise<void>
  /** Between two visits of one client, ms. */
  readonly pauseMs?: number
}

/** A request to a name that means 127.0.0.1; the body as text. Rejects unless the answer is 200. */
export type Ask = (url: string, headers?: Readonly<Record<string, string>>) => Promise<string>

/** Clients that never stop asking, and what happened to them so far. */
export interface Traffic {
  readonly requests: () => number
  readonly failures: readonly string[]
  readonly handshakes: () => { readonly full: number; readonly resumed: number }
  /** Serial numbers of the certificates that were shown in full handshakes, by server name. */
  readonly serials: ReadonlyMap<string, ReadonlySet<string>>
  /** Lets running visits end. */
  readonly stop: () => Promise<void>
}

interface Kind {
  readonly version: 'TLSv1.2' | 'TLSv1.3'
  readonly requestsPerConnection: number
  readonly allowH2: boolean
  readonly resumes: boolean
}

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
/** New handshakes all the time, with and without sessions and HTTP/2. */
const KINDS: readonly Kind[] = VERSIONS.flatMap(version => [
  { version, requestsPerConnection: 1, allowH2: false, resumes: false },
  { version, requestsPerConnection: 1, allowH2: false, resumes: true },
  { version, requestsPerConnection: 4, allowH2: false, resumes: false },
  { version, requestsPerConnection: 4, allowH2: true, resumes: true },
])
const TIMEOUT_MS = 20_000
const PAUSE_MS = 60

interface Tally {
  requests: number
  readonly failures: string[]
  readonly handshakes: { full: number; resumed: number }
  readonly serials: Map<string, Set<string>>
}

/** Starts clients of TLS 1.2 and 1.3, which verify the name and the chain of every certificate. Stopped at teardown. */
export function startTraffic(t: Scope, options: TrafficOptions): Traffic {
  const tally: Tally = {
    requests: 0,
    failures: [],
    handshakes: { full: 0, resumed: 0 },
    serials: new Map(),
  }
  const stopping = new AbortController()
  const clients = KINDS.map(kind => runClient(kind, { options, tally, stopping: stopping.signal }))
  const stop = async () => {
    stopping.abort()
    await Promise.all(clients)
  }
  t.teardown(stop)
  return {
    requests: () => tally.requests,
    failures: tally.failures,
    handshakes: () => tally.handshakes,
    serials: tally.serials,
    stop,
  }
}

interface Run {
  readonly options: TrafficOptions
  readonly tally: Tally
  readonly stopping: AbortSignal
}

async function runClient(kind: Kind, { options, tally, stopping }: Run): Promise<void> {
  const agent = agentOf(kind, options, tally)
  const ask: Ask = async (url, headers = {}) => {
    tally.requests += 1
    const { statusCode, body } = await request(url, {
      headers,
      dispatcher: agent,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`${url}: HTTP ${statusCode} ${text}`)
    return text
  }
  while (!stopping.aborted) {
    try {
      await options.visit(ask)
    } catch (error) {
      tally.failures.push(`${new Date().toISOString()} ${JSON.stringify(kind)}: ${describe(error)}`)
    }
    await sleep(options.pauseMs ?? PAUSE_MS, undefined, { signal: stopping }).catch(() => {}) // stopped
  }
  await agent.close()
}

function agentOf(kind: Kind, { roots }: TrafficOptions, tally: Tally): Agent {
  const { version, allowH2, resumes } = kind
  const connectorOf = () =>
    buildConnector({
      ca: [roots()].flat(),
      minVersion: version,
      maxVersion: version,
      allowH2,
      maxCachedSessions: resumes ? 10 : 0,
      timeout: TIMEOUT_MS,
      // Every name is this machine.
      lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    })
  let trusted = roots()
  let connector = connectorOf()
  const connect: buildConnector.connector = (target, done) => {
    const now = roots()
    if (now !== trusted) {
      trusted = now
      connector = connectorOf()
    }
    connector(target, (...args: Parameters<typeof done>) => {
      const [error, socket] = args
      if (error === null) count(target.hostname, socket as TLSSocket, tally)
      done(...args)
    })
  }
  return new Agent({ connect, allowH2, connections: 1, maxRequestsPerClient: kind.requestsPerConnection })
}

function count(hostname: string, socket: TLSSocket, { handshakes, serials }: Tally): void {
  if (socket.isSessionReused()) {
    handshakes.resumed += 1
    return
  }
  handshakes.full += 1
  const seen = serials.get(hostname) ?? new Set()
  seen.add(socket.getPeerX509Certificate()?.serialNumber ?? 'none')
  serials.set(hostname, seen)
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  const cause = error.cause === undefined ? '' : `, because ${describe(error.cause)}`
  return `${code ?? error.name} ${error.message}${cause}`
}
