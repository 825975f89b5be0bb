import type { RequestListener } from 'node:http'
import { createListenerSet, type ListenerSet, type OpenPorts } from './listener-set.ts'
import type { Live } from './live.ts'
import { openAdminListener, openRedirect } from './own-listeners.ts'
import type { Parts } from './parts.ts'
import { openPublicListeners, publicAddresses } from './public-listeners.ts'
import type { WorkerPool } from './workers/worker-pool.ts'

/** The listeners of this thread, and the ports of all. */
export interface OpenListeners {
  readonly set: ListenerSet
  readonly ports: OpenPorts
}

/**
 * Opens what the configuration asks for: admin, then HTTPS and its redirect, or without TLS the plain listeners.
 * @throws ListenFailed after closing what was already open.
 */
export async function openListeners(
  parts: Parts,
  live: Live,
  { admin, pool }: { readonly admin: RequestListener; readonly pool: WorkerPool | undefined },
): Promise<OpenListeners> {
  const { log, tls } = parts
  const { config } = parts.loaded
  const set = createListenerSet()
  try {
    await openAdminListener(set, config, { handler: admin, log })
    const { dispatch, isOurs } = live
    const addresses = publicAddresses(config)
    if (pool === undefined) {
      await openPublicListeners(set, addresses, { config, options: tls?.options, dispatch, log })
    }
    const shared = (await pool?.listen(addresses)) ?? {}
    const ports = () => ({ ...set.ports(), ...shared })
    if (tls !== undefined) await openRedirect(set, config, { tls, port: ports().https, isOurs, log })
    return { set, ports: ports() }
  } catch (error) {
    await set.close(0)
    await set.closeAdmin()
    throw error
  }
}
