import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Scope } from './scope.ts'

/** Starts an HTTP server without TLS on loopback; resolves with its address as an upstream. Stopped at teardown. */
export async function startHttp(
  t: Scope,
  listener: RequestListener,
): Promise<{ readonly kind: 'tcp'; readonly host: string; readonly port: number }> {
  const server = createServer(listener)
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { kind: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}
