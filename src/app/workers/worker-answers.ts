import { loadSource } from '../../config/load.ts'
import { createListenerSet, type ListenerSet } from '../listener-set.ts'
import { createLive, type Live, type Prepared } from '../live.ts'
import { openPublicListeners } from '../public-listeners.ts'
import { configShare } from './config-share.ts'
import { openWorkerParts, type WorkerParts } from './open-worker.ts'
import type { Owner } from './owner.ts'
import type { WorkerCalls, WorkerSetup } from './worker-calls.ts'

interface Open extends WorkerParts {
  readonly live: Live
  readonly listeners: ListenerSet
}

/** What a worker does for its owner. `owner` is asked for late, since the two are made together. */
export function createWorkerAnswers(setup: WorkerSetup, owner: () => Owner): WorkerCalls {
  let opening: Promise<Open> | undefined
  let prepared: Prepared | undefined
  const open = (): Promise<Open> => {
    opening ??= openAll(setup, owner())
    return opening
  }
  const take = (): Prepared => {
    if (prepared === undefined) throw new TypeError('no configuration is prepared')
    const taken = prepared
    prepared = undefined
    return taken
  }
  return {
    listen: async addresses => {
      const { serving, tls, live, listeners } = await open()
      const { log, loaded } = serving
      const { dispatch } = live
      const options = tls?.options
      await openPublicListeners(listeners, addresses, { config: loaded.config, options, dispatch, log })
      return listeners.ports()
    },
    prepare: async ({ source, keyTexts }) => {
      const { live, openAuthority } = await open()
      const loaded = configShare(await loadSource(source))
      prepared = await live.prepare(loaded, another => openAuthority(another, keyTexts))
    },
    commit: async () => take().commit(),
    abandon: async () => take().abandon(),
    certificates: async material => (await open()).tls?.feed(material),
    probed: async result => (await open()).probe.heard(result),
    announced: async change => (await open()).serving.upstream.cache.freshness.apply(change),
    metrics: async () => {
      const { metrics, upstream } = (await open()).serving
      metrics.setCaches(upstream.cache.usage())
      return metrics.snapshot()
    },
    drain: async deadlineMs => {
      const { serving, listeners } = await open()
      serving.draining.abort()
      return listeners.close(deadlineMs)
    },
    idle: async () => (await open()).serving.underway.empty(),
    close: async () => {
      const { live, serving } = await open()
      await live.close()
      await serving.upstream.close()
    },
  }
}

async function openAll(setup: WorkerSetup, owner: Owner): Promise<Open> {
  const loaded = configShare(await loadSource(setup.source))
  const parts = await openWorkerParts(loaded, setup, owner)
  return { ...parts, live: createLive(parts.serving), listeners: createListenerSet() }
}
