import type { UpstreamProbe } from '../../upstream/probe.ts'
import type { Owner } from './owner.ts'
import type { ProbeResult } from './worker-calls.ts'

/** What the owner hears of the registry, so that all threads know one service, and the registry is asked once. */
export interface RemoteProbe extends UpstreamProbe {
  heard(result: ProbeResult): void
}

export function createRemoteProbe(owner: Owner, first: ProbeResult): RemoteProbe {
  let last = first
  const listeners = new Set<() => void>()
  const heard = (result: ProbeResult) => {
    last = result
    for (const listener of listeners) listener()
  }
  return {
    heard,
    current: () => last.state,
    service: () => last.service,
    check: async () => {
      heard(await owner.ask('probe'))
      return last.state
    },
    onResult: listener => void listeners.add(listener),
    close: () => undefined,
  }
}
