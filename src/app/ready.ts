import { createReadiness, type Readiness } from '../ops/health.ts'
import type { SinkState } from './audit-sinks/open-audit-sinks.ts'
import { certificateReadiness } from './certificate-readiness.ts'
import type { Parts } from './parts.ts'

/** The checks of `/readyz`. */
export function createReady(parts: Parts): () => Promise<Readiness> {
  const { clock, tls, sink, auditSinks, upstream, draining } = parts
  return createReadiness({
    configuration: () => undefined,
    shutdown: () => (draining.signal.aborted ? 'draining' : undefined),
    certificate: () => certificateReadiness(tls?.source.certificates() ?? [], clock()),
    audit: () => sink.status().degraded,
    'audit-sinks': () => sinksReadiness(auditSinks.states()),
    upstream: async () => {
      const state = await upstream.probe.check()
      return state.state === 'down' ? state.reason : undefined
    },
  })
}

/** A sink that fails keeps nobody from being served. */
function sinksReadiness(states: readonly SinkState[]): { readonly degraded: string } | undefined {
  const failing = states.flatMap(({ sink, failing: why }) =>
    why === undefined ? [] : [`${sink} fails: ${why}`],
  )
  return failing.length === 0 ? undefined : { degraded: failing.join('; ') }
}
