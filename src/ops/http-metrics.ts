import type { Families } from './metric-families.ts'
import { METHODS, oneOf, ROUTES, type Route, statusLabel } from './metric-labels.ts'

/** One finished HTTP request. */
export interface RequestMeasure {
  readonly route: Route
  readonly method: string
  readonly code: number
  readonly seconds: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** Counts of HTTP requests. */
export interface HttpMetrics {
  /** Counts a request as in flight until the returned function is called; calling that twice does nothing. */
  trackRequest(route: Route): () => void
  observeRequest(request: RequestMeasure): void
}

// A pull of a large layer takes minutes, a token takes a millisecond.
const REQUEST_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900]

/** Metrics of the HTTP side. */
export function httpMetrics(families: Families): HttpMetrics {
  const byRoute = ['route']
  const requests = families.counter({
    name: 'http_requests_total',
    help: 'Finished HTTP requests.',
    labels: ['route', 'method', 'code'],
  })
  const duration = families.histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request line to the last byte of the response.',
    labels: ['route', 'method'],
    buckets: REQUEST_BUCKETS,
  })
  const inFlight = families.gauge({
    name: 'http_requests_in_flight',
    help: 'HTTP requests being served.',
    labels: byRoute,
  })
  const bytesIn = families.counter({
    name: 'http_request_bytes_total',
    help: 'Bytes of request bodies.',
    labels: byRoute,
  })
  const bytesOut = families.counter({
    name: 'http_response_bytes_total',
    help: 'Bytes of response bodies.',
    labels: byRoute,
  })
  return {
    trackRequest(route) {
      const labels = [oneOf(ROUTES, route)]
      let open = true
      inFlight.add(labels)
      return () => {
        if (open) inFlight.add(labels, -1)
        open = false
      }
    },
    observeRequest(request) {
      const route = oneOf(ROUTES, request.route)
      const method = oneOf(METHODS, request.method)
      requests([route, method, statusLabel(request.code)])
      duration([route, method], request.seconds)
      bytesIn([route], request.bytesIn)
      bytesOut([route], request.bytesOut)
    },
  }
}
