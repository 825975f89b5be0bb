import type { Config } from '../config/schema.ts'
import { createDiskCache, type DiskCache } from '../content/disk-cache.ts'
import type { Moments } from '../content/vouchers.ts'
import type { Log, TransferBuffers } from '../model/ports.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { UpstreamAddress } from '../upstream/address.ts'
import type { UpstreamClient } from '../upstream/client.ts'
import { createBlobFetch } from '../upstream/fetch-blob.ts'
import { createRedirectHosts } from '../upstream/redirect-hosts.ts'
import { createDiskTurns } from './disk-turns.ts'

export interface DiskCacheEffects {
  readonly address: UpstreamAddress
  readonly client: UpstreamClient
  /** Value of the Authorization header for pulling from a repository. */
  readonly authorization: (name: string) => Promise<string | undefined>
  readonly moments: Moments
  readonly buffers: TransferBuffers
  readonly log: Log
  readonly metrics: Metrics
}

/** The disk cache that the configuration asks for; what is on the disk already is read meanwhile. */
export function openDiskCache({ cache, registry }: Config, effects: DiskCacheEffects): DiskCache | undefined {
  if (cache.disk === undefined) return undefined
  const { address, client, authorization, metrics } = effects
  const blobs = createBlobFetch(address, { authorization, isStorage: storagesOf(registry) })
  const has = async ({ name, digest }: { readonly name: string; readonly digest: string }) => {
    const header = await authorization(name)
    const { status } = await client.head(`/v2/${name}/blobs/${digest}`, {
      method: 'HEAD',
      headers: header === undefined ? {} : { authorization: header },
    })
    // A registry looks a blob up before it leads to its storage.
    return status === 200 || status === 302 || status === 307
  }
  const diskCache = createDiskCache({
    ...effects,
    dir: cache.disk.dir,
    maxBytes: cache.disk.size,
    existenceTtlMs: cache.existence_ttl_ms,
    source: { fetch: blobs.fetch, has },
    turns: createDiskTurns(),
    count: result => metrics.countCacheRequest('disk', result),
    countFault: metrics.countDiskCacheFault,
  })
  void diskCache.open()
  return {
    ...diskCache,
    close: async () => {
      await diskCache.close()
      await blobs.close()
    },
  }
}

/** Clients whom the registry sends to its storage go there themselves unless we are told to. */
function storagesOf({ redirects, redirect_hosts }: Config['registry']): (url: URL) => boolean {
  return redirects === 'follow' ? createRedirectHosts(redirect_hosts) : () => false
}
