import type { Config } from '../config/schema.ts'
import { createCachedForward } from '../content/cached-forward.ts'
import { type BroadcastChange, createFreshness } from '../content/freshness.ts'
import { createMemoryCache, type MemoryCache, type MemoryCacheSettings } from '../content/memory-cache.ts'
import { createWatchedSend } from '../content/watched-write.ts'
import { discardBody } from '../http/discard-body.ts'
import type { ForwardOptions } from '../http/forward-options.ts'
import { suspendIdleGuard } from '../http/listen.ts'
import type { Transfer } from '../model/exchange.ts'
import type { Clock, Log } from '../model/ports.ts'
import type { FetchContent } from '../model/signature.ts'
import type { TagListing } from '../model/tagged-manifest.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { SigningKey } from '../token/signing-key.ts'
import { type UpstreamAddress, upstreamName } from '../upstream/address.ts'
import { createUpstreamClient, type UpstreamClient } from '../upstream/client.ts'
import { createSmallFetch } from '../upstream/fetch-small.ts'
import { createForwarder, type ForwardExchange } from '../upstream/forward.ts'
import { createListPages } from '../upstream/list-page.ts'
import { createUpstreamProbe, type UpstreamProbe } from '../upstream/probe.ts'
import { createRegistryContent } from '../upstream/registry-content.ts'
import {
  type BufferedExchange,
  type BufferedSender,
  createBufferedSender,
} from '../upstream/send-buffered.ts'
import { createFindTag, type FindTag } from '../upstream/tag-target.ts'
import { listTaggedManifests } from '../upstream/tagged-manifests.ts'
import { createTransferBuffers } from '../upstream/transfer-buffers.ts'
import { openBlobFiles } from './open-blob-files.ts'
import { openRedirects } from './open-redirects.ts'
import { createServices, fallbackService, type Services } from './services.ts'
import { createUpstreamBearer } from './upstream-bearer.ts'

const PROBE_INTERVAL_MS = 10_000
/** Actor of our own look-ups in the registry's log. */
const OWN_NAME = 'landwaiter'

/** The registry behind us, as the rest of the process uses it. */
export interface Upstream {
  readonly probe: UpstreamProbe
  readonly services: Services
  forward(exchange: ForwardOptions): Promise<Transfer>
  readonly send: BufferedSender['send']
  readonly findTag: FindTag
  taggedManifests(name: string, signal: AbortSignal, maxTags?: number): Promise<TagListing>
  readonly fetchContent: FetchContent
  readonly listPage: ReturnType<typeof createListPages>
  readonly cache: MemoryCache
  cacheUsage(): ReturnType<MemoryCache['usage']>
  close(): Promise<void>
}

export interface UpstreamEffects {
  readonly key: SigningKey
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** That of another thread; without one the registry is asked from here. */
  readonly probe?: UpstreamProbe
  /** Tells the other threads what has changed. */
  readonly broadcast?: BroadcastChange
}

export function openUpstream(config: Config, address: UpstreamAddress, effects: UpstreamEffects): Upstream {
  const { key, clock, log, metrics } = effects
  const { registry, token } = config
  const name = upstreamName(address)
  const client = createUpstreamClient(address)
  const probe = effects.probe ?? openProbe(client, name, effects)
  const buffers = createTransferBuffers(config.limits.transfer_memory)
  const services = createServices({
    configured: token.service,
    configuredUpstream: registry.service,
    fallback: fallbackService(config),
    probe,
  })
  const bearer = createUpstreamBearer(config, { key, clock, probe, services })
  const redirects = openRedirects(config, log)
  const small = createSmallFetch(address, redirects.mayFollow)
  const own = async (access: ForwardExchange['access']) =>
    registry.auth === 'none' ? undefined : bearer(OWN_NAME, access)
  const ownPull = (repository: string) => own(pullOf(repository))
  const way = {
    address,
    refusalIsOurs: registry.auth !== 'passthrough',
    observe: (code: number, seconds: number) => metrics.observeUpstream({ upstream: name, code, seconds }),
    authorization: authorizationFor(registry.auth, bearer),
  }
  const { onRedirect } = redirects
  const forwarder = createForwarder({ ...way, suspendIdleGuard, discardBody, buffers, onRedirect })
  const sender = createBufferedSender(way)
  const cache = createMemoryCache(memorySettings(config), createFreshness(effects.broadcast))
  const moments = cache.freshness.digests
  const fileEffects = { address, client, authorization: ownPull, moments, buffers, log, metrics }
  const files = openBlobFiles(config, fileEffects, forwarder.forward)
  const findTag = createFindTag({ client, address, authorization: ownPull })
  const listPage = createListPages({
    get: small.get,
    authorization: list => own(list.kind === 'catalog' ? WHOLE_CATALOG : pullOf(list.name)),
  })
  return {
    probe,
    services,
    forward: createCachedForward(files.forward, { cache, count: metrics.countCacheRequest }),
    send: createWatchedSend(sender.send, cache.freshness),
    findTag,
    taggedManifests: (repository, signal, maxTags) =>
      listTaggedManifests({ listPage, findTag }, { name: repository, signal, maxTags }),
    fetchContent: createRegistryContent({ get: small.get, authorization: ownPull }),
    listPage,
    cache,
    cacheUsage: () => [...cache.usage(), ...files.usage()],
    close: async () => {
      await files.close()
      probe.close()
      forwarder.close()
      await Promise.all([client, small, redirects, sender].map(part => part.close()))
    },
  }
}

/** That a blob on the disk is in the repository is believed for its time already, and must not be for another. */
function memorySettings({ cache }: Config): MemoryCacheSettings {
  return cache.disk === undefined ? cache : { ...cache, blobs: 0 }
}

function openProbe(client: UpstreamClient, name: string, { log, metrics }: UpstreamEffects): UpstreamProbe {
  return createUpstreamProbe({
    client,
    name,
    intervalMs: PROBE_INTERVAL_MS,
    log,
    onResult: ({ state }) => metrics.setUpstreamUp(name, state === 'open' || state === 'guarded'),
  })
}

/** For a client's request: its own token where it is passed on, else ours. */
function authorizationFor(
  auth: Config['registry']['auth'],
  bearer: (subject: string, access: ForwardExchange['access']) => Promise<string>,
): (exchange: BufferedExchange) => Promise<string | undefined> {
  return async exchange => {
    const { identity, access, req } = exchange
    if (auth === 'none') return undefined
    const isPassedOn = auth === 'passthrough' && identity.via === 'token'
    if (isPassedOn && !needsOurs(exchange)) return req.headers.authorization
    return bearer(identity.subject.name, access)
  }
}

const WHOLE_CATALOG = [{ type: 'registry', name: 'catalog', actions: ['*'] }]

function pullOf(name: string): ForwardExchange['access'] {
  return [{ type: 'repository', name, actions: ['pull'] }]
}

/** The registry would refuse the client's token: it wants `delete` for a cancelled upload, and knows no grace. */
function needsOurs({ request, isTokenExpired }: BufferedExchange): boolean {
  return isTokenExpired || (request.kind === 'upload' && request.verb === 'cancel')
}
