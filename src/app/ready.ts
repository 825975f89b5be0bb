import { createReadiness, type Readiness } from '../ops/health.ts'
import type { Parts } from './parts.ts'

/** The checks of `/readyz`. */
export function createReady(parts: Parts): () => Promise<Readiness> {
  const { clock, tls, sink, upstream, draining } = parts
  return createReadiness({
    configuration: () => undefined,
    shutdown: () => (draining.signal.aborted ? 'draining' : undefined),
    certificate: () => {
      const expired = tls?.source.certificates().find(({ notAfter }) => notAfter <= clock())
      return expired === undefined ? undefined : `the certificate of ${expired.names.join(', ')} has expired`
    },
    audit: () => sink.status().degraded,
    upstream: async () => {
      const state = await upstream.probe.check()
      return state.state === 'down' ? state.reason : undefined
    },
  })
}
