import type { RequestListener } from 'node:http'
import { createListenerSet, type ListenerSet } from './listener-set.ts'
import type { Live } from './live.ts'
import { openAdminListener, openRedirect } from './own-listeners.ts'
import type { Parts } from './parts.ts'
import { openPublicListeners, publicAddresses } from './public-listeners.ts'

/**
 * Opens what the configuration asks for: admin, then HTTPS and its redirect, or without TLS the plain listeners.
 * @throws ListenFailed after closing what was already open.
 */
export async function openListeners(parts: Parts, live: Live, admin: RequestListener): Promise<ListenerSet> {
  const { log, tls } = parts
  const { config } = parts.loaded
  const set = createListenerSet()
  try {
    await openAdminListener(set, config, { handler: admin, log })
    const { dispatch, isOurs } = live
    await openPublicListeners(set, publicAddresses(config), { config, options: tls?.options, dispatch, log })
    if (tls !== undefined) await openRedirect(set, config, { tls, port: set.ports().https, isOurs, log })
    return set
  } catch (error) {
    await set.close(0)
    await set.closeAdmin()
    throw error
  }
}
