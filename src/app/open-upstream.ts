import type { Config } from '../config/schema.ts'
import { discardBody } from '../http/discard-body.ts'
import { suspendIdleGuard } from '../http/listen.ts'
import type { ForwardOptions } from '../http/registry-ports.ts'
import type { Transfer } from '../model/exchange.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { Metrics } from '../ops/metrics.ts'
import { createTokenIssuer } from '../token/issue.ts'
import type { SigningKey } from '../token/signing-key.ts'
import { createUpstreamTokens } from '../token/upstream-tokens.ts'
import { type UpstreamAddress, upstreamName } from '../upstream/address.ts'
import { createUpstreamClient } from '../upstream/client.ts'
import { currentDigest } from '../upstream/current-digest.ts'
import { createForwarder, type ForwardExchange } from '../upstream/forward.ts'
import { createUpstreamProbe, type UpstreamProbe } from '../upstream/probe.ts'
import { createServices, fallbackService, type Services } from './services.ts'

/** Tokens for the registry live as briefly as its clock leeway allows. */
const UPSTREAM_TOKEN_SECONDS = 120
const PROBE_INTERVAL_MS = 10_000
/** Actor of our own look-ups in the registry's log. */
const OWN_NAME = 'landwaiter'

/** The registry behind us, as the rest of the process uses it. */
export interface Upstream {
  readonly probe: UpstreamProbe
  readonly services: Services
  forward(exchange: ForwardOptions): Promise<Transfer>
  currentDigest(name: string, tag: string): Promise<string | undefined>
  close(): Promise<void>
}

export function openUpstream(
  config: Config,
  address: UpstreamAddress,
  effects: { readonly key: SigningKey; readonly clock: Clock; readonly log: Log; readonly metrics: Metrics },
): Upstream {
  const { key, clock, log, metrics } = effects
  const { registry, token } = config
  const name = upstreamName(address)
  const client = createUpstreamClient(address)
  const probe = createUpstreamProbe({
    client,
    name,
    intervalMs: PROBE_INTERVAL_MS,
    log,
    onResult: ({ state }) => metrics.setUpstreamUp(name, state === 'open' || state === 'guarded'),
  })
  const services = createServices({
    configured: token.service,
    configuredUpstream: registry.service,
    fallback: fallbackService(config),
    probe,
  })
  const mint = createUpstreamTokens({
    issuer: createTokenIssuer({
      key,
      issuer: token.issuer,
      ttlSeconds: UPSTREAM_TOKEN_SECONDS,
      clock,
      legacyKeyId: !token.disable_legacy_key_id,
    }),
    ttlSeconds: UPSTREAM_TOKEN_SECONDS,
    clock,
  })
  const bearer = async (subject: string, access: ForwardExchange['access']) => {
    // Which service its tokens are for, the registry says when it is first reached.
    if (!isKnown(probe)) await probe.check()
    return `Bearer ${await mint(subject, access, services.upstream())}`
  }
  const forwarder = createForwarder({
    address,
    refusalIsOurs: registry.auth !== 'passthrough',
    suspendIdleGuard,
    discardBody,
    observe: (code, seconds) => metrics.observeUpstream({ upstream: name, code, seconds }),
    authorization: async ({ identity, access, req }) => {
      if (registry.auth === 'none') return undefined
      if (registry.auth === 'passthrough' && identity.via === 'token') return req.headers.authorization
      return bearer(identity.subject.name, access)
    },
  })
  return {
    probe,
    services,
    forward: forwarder.forward,
    currentDigest: async (repository, tag) => {
      const access = [{ type: 'repository', name: repository, actions: ['pull'] }]
      const authorization = registry.auth === 'none' ? undefined : await bearer(OWN_NAME, access)
      return currentDigest(client, { name: repository, tag, authorization })
    },
    close: async () => {
      probe.close()
      forwarder.close()
      await client.close()
    },
  }
}

function isKnown(probe: UpstreamProbe): boolean {
  const { state } = probe.current()
  return state === 'open' || state === 'guarded'
}
