import { createReadiness, type Readiness } from '../ops/health.ts'
import { certificateReadiness } from './certificate-readiness.ts'
import type { Parts } from './parts.ts'

/** The checks of `/readyz`. */
export function createReady(parts: Parts): () => Promise<Readiness> {
  const { clock, tls, sink, upstream, draining } = parts
  return createReadiness({
    configuration: () => undefined,
    shutdown: () => (draining.signal.aborted ? 'draining' : undefined),
    certificate: () => certificateReadiness(tls?.source.certificates() ?? [], clock()),
    audit: () => sink.status().degraded,
    upstream: async () => {
      const state = await upstream.probe.check()
      return state.state === 'down' ? state.reason : undefined
    },
  })
}
