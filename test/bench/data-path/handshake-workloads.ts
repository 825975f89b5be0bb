import type { ConnectionOptions } from 'node:tls'
import { fetchSession, handshakes } from '../tls-client.ts'
import type { Server } from './server.ts'
import { withCost } from './with-cost.ts'
import type { Figures, Workload } from './workload.ts'

const COUNT = 500
const CONCURRENCY = 8
const US_PER_S = 1e6
const CPU = 'CPU µs/handshake'
/** TLS 1.3, with what every server offers. */
const CLIENT: ConnectionOptions = { ecdhCurve: 'X25519:P-256', minVersion: 'TLSv1.3' }

/** Connections that are opened and closed; the client is in the process of the bench, so only the CPU counts. */
export function handshakeWorkloads(): readonly Workload[] {
  return (['full', 'resumed'] as const).map(kind => ({
    name: `TLS handshake, ${kind}`,
    metrics: [{ name: CPU, target: '≤ 1.0' }],
    servers: ['landwaiter', 'caddy', 'nginx'],
    run: server => shakeHands(server, kind),
  }))
}

async function shakeHands({ name, registry }: Server, kind: 'full' | 'resumed'): Promise<Figures> {
  const { port, pids } = registry
  const options = kind === 'full' ? CLIENT : { ...CLIENT, session: await fetchSession(port, CLIENT) }
  const order = { port, options, count: COUNT, concurrency: CONCURRENCY }
  const { result: resumed, cost } = await withCost(pids, () => handshakes(order))
  if (resumed !== (kind === 'full' ? 0 : COUNT)) throw new Error(`${name}: ${resumed} were resumed`)
  return { [CPU]: (cost.cpuSeconds / COUNT) * US_PER_S }
}
