import { CALL_BUCKETS, type Families } from './metric-families.ts'
import { createNameLabel, NAMES_MAX, statusLabel } from './metric-labels.ts'

/** State and use of the registry behind us. */
export interface UpstreamMetrics {
  setUpstreamUp(upstream: string, up: boolean): void
  /** `code` 0: there was no answer. */
  observeUpstream(exchange: {
    readonly upstream: string
    readonly code: number
    readonly seconds: number
  }): void
}

/** Metrics of the upstream. */
export function upstreamMetrics(families: Families): UpstreamMetrics {
  const byUpstream = ['upstream']
  const up = families.gauge({
    name: 'upstream_up',
    help: 'Whether the upstream answered when last asked.',
    labels: byUpstream,
  })
  const requests = families.counter({
    name: 'upstream_requests_total',
    help: 'Requests to the upstream; code "other" when there was no answer.',
    labels: ['upstream', 'code'],
  })
  const duration = families.histogram({
    name: 'upstream_request_duration_seconds',
    help: 'Time until the headers of the answer of the upstream.',
    labels: byUpstream,
    buckets: CALL_BUCKETS,
  })
  const label = createNameLabel(NAMES_MAX)
  return {
    setUpstreamUp: (upstream, isUp) => up.set([label(upstream)], isUp ? 1 : 0),
    observeUpstream({ upstream, code, seconds }) {
      requests([label(upstream), statusLabel(code)])
      duration([label(upstream)], seconds)
    },
  }
}
