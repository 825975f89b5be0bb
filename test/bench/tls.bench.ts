import type { ConnectionOptions } from 'node:tls'
import { markdownTable } from './markdown-table.ts'
import { missingPackages } from './missing-packages.ts'
import { cpuSeconds, residentMib } from './process-cost.ts'
import { fetchSession, handshakes, openConnection } from './tls-client.ts'
import { startTlsServers, type TlsServer } from './tls-servers.ts'
import { withScope } from './with-scope.ts'

const ROUNDS = 9
const WARM_UP_ROUNDS = 2
const HANDSHAKES = 500
const CONCURRENCY = 8
const IDLE_CONNECTIONS = 1_000

const X25519 = { ecdhCurve: 'X25519:P-256' }

const CASES: readonly {
  readonly name: string
  readonly client: ConnectionOptions
  readonly resumed?: true
}[] = [
  { name: 'TLS 1.3, full, X25519', client: X25519 },
  { name: 'TLS 1.2, full, X25519', client: { ...X25519, maxVersion: 'TLSv1.2' } },
  { name: 'TLS 1.3, resumed', client: X25519, resumed: true },
  { name: 'TLS 1.2, resumed', client: { ...X25519, maxVersion: 'TLSv1.2' }, resumed: true },
  { name: 'TLS 1.3, full, X25519MLKEM768', client: { ecdhCurve: 'X25519MLKEM768' } },
]

/** Handshakes of one run, per second of the server's CPU time and per second of the clock. */
interface Rate {
  readonly perCpuSecond: number
  readonly perSecond: number
}

/**
 * `npm run bench -- tls`: what handshakes cost landwaiter and Debian's Caddy, in turns. The client is Node's, in this
 * process; the CPU time is the server's alone, while the clock is shared with the client.
 */
export async function report(): Promise<string> {
  return (await missingPackages({ caddy: 'caddy', openssl: 'openssl' })) ?? withScope(compare)
}

async function compare(scope: Parameters<typeof startTlsServers>[0]): Promise<string> {
  const servers = await startTlsServers(scope)
  const memory = await idleMemory(servers)
  const rates = await measureAll(servers)
  const rows = CASES.map(({ name }, index) => {
    const [ours, caddy] = servers.map((_, column) => median(rates[index]?.[column] ?? []))
    return [
      name,
      ...cells(ours?.perCpuSecond, caddy?.perCpuSecond),
      ...cells(ours?.perSecond, caddy?.perSecond),
    ]
  })
  const heading = ['per second of server CPU', 'Caddy', 'ratio', 'per second', 'Caddy', 'ratio']
  return [
    `${servers.map(({ name }) => name).join(' and ')}: handshakes, medians of ${ROUNDS} rounds of ${HANDSHAKES}\n\n`,
    markdownTable([['handshake', ...heading], ...rows]),
    `\nMemory in MiB with ${IDLE_CONNECTIONS} idle connections (before): ${memory.join(', ')}\n`,
  ].join('')
}

function cells(ours = 0, caddy = 0): readonly string[] {
  const ratio = caddy === 0 || ours === 0 ? '–' : (ours / caddy).toFixed(2)
  return [...[ours, caddy].map(rate => (rate === 0 ? 'not offered' : rate.toFixed(0))), ratio]
}

/** By case and server; in turns, so that a busy spell of the machine falls on all of them. */
async function measureAll(servers: readonly TlsServer[]): Promise<readonly (readonly Rate[][])[]> {
  const rates = CASES.map(() => servers.map((): Rate[] => []))
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const [index, { client, resumed }] of CASES.entries()) {
      for (const [column, server] of servers.entries()) {
        const rate = await measure(server, client, resumed === true)
        if (round >= 0 && rate !== undefined) rates[index]?.[column]?.push(rate)
      }
    }
  }
  return rates
}

/** `undefined` when the server offers nothing that this client accepts. */
async function measure(
  server: TlsServer,
  client: ConnectionOptions,
  isResumed: boolean,
): Promise<Rate | undefined> {
  const { pid, port } = server
  if (!(await accepts(port, client))) return undefined
  const options = isResumed ? { ...client, session: await fetchSession(port, client) } : client
  const cpu = cpuSeconds(pid)
  const start = performance.now()
  const resumed = await handshakes({ port, options, count: HANDSHAKES, concurrency: CONCURRENCY })
  const seconds = (performance.now() - start) / 1_000
  if (resumed !== (isResumed ? HANDSHAKES : 0)) throw new Error(`${server.name}: ${resumed} were resumed`)
  return { perCpuSecond: HANDSHAKES / (cpuSeconds(pid) - cpu), perSecond: HANDSHAKES / seconds }
}

async function accepts(port: number, client: ConnectionOptions): Promise<boolean> {
  try {
    const socket = await openConnection(port, client)
    socket.destroy()
    return true
  } catch {
    return false
  }
}

function median(rates: readonly Rate[]): Rate | undefined {
  if (rates.length === 0) return undefined
  const middle = (values: readonly number[]) =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
  return {
    perCpuSecond: middle(rates.map(rate => rate.perCpuSecond)),
    perSecond: middle(rates.map(rate => rate.perSecond)),
  }
}

async function idleMemory(servers: readonly TlsServer[]): Promise<readonly string[]> {
  const texts: string[] = []
  for (const { name, pid, port } of servers) {
    await handshakes({ port, options: X25519, count: 100, concurrency: CONCURRENCY })
    const before = residentMib(pid)
    const sockets = []
    for (let count = 0; count < IDLE_CONNECTIONS; count++) sockets.push(await openConnection(port, X25519))
    texts.push(`${name} ${residentMib(pid).toFixed(0)} (${before.toFixed(0)})`)
    for (const socket of sockets) socket.destroy()
  }
  return texts
}
