import type { LoadedConfig } from '../../config/load.ts'

const MIB = 1024 * 1024

/** The configuration of one worker: budgets of the process are divided among all. */
export function configShare(loaded: LoadedConfig): LoadedConfig {
  const { config } = loaded
  const { limits, cache, workers } = config
  const share = (bytes: number) => Math.floor(bytes / workers)
  return {
    ...loaded,
    config: {
      ...config,
      limits: {
        ...limits,
        transfer_memory: Math.max(MIB, share(limits.transfer_memory)),
        connections: Math.ceil(limits.connections / workers),
      },
      cache: { ...cache, manifests: share(cache.manifests), blobs: share(cache.blobs) },
    },
  }
}
