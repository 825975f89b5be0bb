import { createClientAddress } from '../http/client-address.ts'
import type { DispatchPorts } from '../http/dispatch.ts'
import { createHostRole } from '../http/hosts.ts'
import type { ServingParts } from './parts.ts'
import { openRegistryHandler } from './registry-handler.ts'
import { openTokenHandler } from './token-handler.ts'

/** What one configuration makes of a request. */
export interface Handlers {
  readonly dispatch: DispatchPorts
  /** True for a host name that we serve. */
  readonly isOurs: (host: string) => boolean
}

export function openHandlers(parts: ServingParts): Handlers {
  const { loaded, log, metrics, newId } = parts
  const { config } = loaded
  const hostRole = createHostRole(config.domains)
  const realmPath = `${config.server.path_prefix}/auth`
  const dispatch: DispatchPorts = {
    log,
    newId,
    hostRole,
    clientAddress: createClientAddress(addressOptions(parts)),
    // The second is registry 2.8's `autoredirect`.
    tokenPaths: [realmPath, `${realmPath}/token`],
    registry: openRegistryHandler(parts, realmPath),
    token: openTokenHandler(parts),
    greeting: ({ host }) => `${config.token.issuer}\n\ndocker login ${config.domains.registry ?? host}\n`,
    certificateOf: parts.readClientCertificate,
    isDraining: () => parts.draining.signal.aborted,
    track: tracker(parts),
    observe: metrics.observeRequest,
    hsts: config.server.hsts,
  }
  return { dispatch, isOurs: host => hostRole(host) !== 'foreign' }
}

function tracker({ metrics, underway }: ServingParts): typeof metrics.trackRequest {
  return route => {
    const request = Symbol(route)
    const finish = metrics.trackRequest(route)
    underway.add(request)
    return () => {
      finish()
      underway.end(request)
    }
  }
}

/** docker_auth's `real_ip_header` is believed from trusted proxies, and without TLS, as there, from anybody. */
function addressOptions({ loaded }: ServingParts): Parameters<typeof createClientAddress>[0] {
  const { trusted_proxies, server, tls } = loaded.config
  const { real_ip_header, real_ip_pos } = server
  return {
    trustedProxies: trusted_proxies,
    trustAll: tls.mode === 'off' && trusted_proxies.length === 0 && real_ip_header !== undefined,
    realIp: real_ip_header === undefined ? undefined : { header: real_ip_header, position: real_ip_pos },
  }
}
