import type { RequestListener } from 'node:http'
import type { Server as TlsServer } from 'node:tls'
import type { Config } from '../config/schema.ts'
import { createListener, type ListenAddress, type Listener, type ListenerOptions } from '../http/listen.ts'
import type { Log } from '../model/ports.ts'
import type { ServerOptions } from '../tls/server-options.ts'
import { httpsPort, plainAnswer } from './https-port.ts'
import type { ListenerSet } from './listener-set.ts'

/** Addresses of the listeners of the registry and the token realm; null is off. */
export type PublicAddresses = Readonly<Record<'https' | 'http' | 'server', ListenAddress | null>>

/** What a configuration asks for: HTTPS, or without TLS the plain listeners. */
export function publicAddresses({ tls, listen, server }: Config): PublicAddresses {
  return tls.mode === 'off'
    ? { https: null, http: listen.http, server: server.listen }
    : { https: listen.https, http: null, server: null }
}

/** Opens the listeners of the registry and the token realm. @throws ListenFailed */
export async function openPublicListeners(
  set: ListenerSet,
  addresses: PublicAddresses,
  serving: {
    readonly config: Config
    readonly options: ServerOptions | undefined
    readonly dispatch: RequestListener
    readonly log: Log
  },
): Promise<void> {
  const { config, options, dispatch: handler, log } = serving
  const proxies = config.listen.proxy_protocol ? config.trusted_proxies : undefined
  const { connections: maxConnections } = config.limits
  const plain = () => createListener({ handler, log, proxies, maxConnections })
  await set.add('http', addresses.http, plain)
  await set.add('server', addresses.server, plain)
  if (options === undefined) return
  const answer = () => plainAnswer(config, httpsPort(config, set.ports().https))
  await set.add('https', addresses.https, () =>
    tlsListener(options, { handler, log, proxies, maxConnections, plainAnswer: answer }),
  )
}

function tlsListener(tls: ServerOptions, options: Omit<ListenerOptions, 'tls'>): Listener {
  const listener = createListener({ ...options, tls: tls.current() })
  tls.attach(listener.server as unknown as TlsServer)
  return listener
}
