import t from 'tap'
import { createMetrics, type Metrics } from '../../src/ops/metrics.ts'

/** Samples of an exposition text by name and sorted labels. Spec: Prometheus text format 0.0.4. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n').filter(line => line !== '' && !line.startsWith('#'))) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (match === null) throw new Error(`not a sample: ${line}`)
    const [, name, labels = '', value] = match
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)].map(
      pair => `${pair[1]}=${pair[2]}`,
    )
    samples.set([name, ...pairs.sort()].join(' '), Number(value))
  }
  return samples
}

const sample = async (metrics: Metrics, key: string) => parse(await metrics.render()).get(key)

t.test('exposes every metric under its name with what was counted', async t => {
  const metrics = createMetrics({ version: '1.2.3' })
  const end = metrics.trackRequest('blob')
  metrics.trackRequest('blob')()
  metrics.observeRequest({
    route: 'blob',
    method: 'GET',
    code: 200,
    seconds: 0.2,
    bytesIn: 0,
    bytesOut: 1000,
  })
  metrics.observeRequest({ route: 'blob', method: 'GET', code: 200, seconds: 2, bytesIn: 5, bytesOut: 24 })
  metrics.countOperation({ action: 'pull', kind: 'manifest', outcome: 'success' })
  metrics.observeAuthn({ backend: 'static', outcome: 'rejected', seconds: 0.02 })
  metrics.countDecision({ decision: 'denied', action: 'push' })
  metrics.countToken('password')
  metrics.setUpstreamUp('registry', true)
  metrics.observeUpstream({ upstream: 'registry', code: 0, seconds: 1 })
  metrics.countAuditRecords('file', 3)
  metrics.countAuditError('file', 'ENOSPC')
  metrics.setAuditQueueBytes(512)
  metrics.setAuditDegraded(true)
  metrics.countDirectRead()
  metrics.countDiskCacheFault('disk')
  metrics.setCertificates([{ names: ['a.test', '10.0.0.5'], notAfter: 1_800_000_000_500 }])
  metrics.setConfigReload('loaded', 1_790_000_000_000)
  metrics.setConfigReload('rejected', 1_790_000_001_000)

  const samples = parse(await metrics.render())
  for (const [key, value] of [
    [`landwaiter_build_info node=${process.versions.node} version=1.2.3`, 1],
    ['landwaiter_http_requests_total code=200 method=GET route=blob', 2],
    ['landwaiter_http_requests_in_flight route=blob', 1],
    ['landwaiter_http_request_duration_seconds_bucket le=0.25 method=GET route=blob', 1],
    ['landwaiter_http_request_duration_seconds_bucket le=+Inf method=GET route=blob', 2],
    ['landwaiter_http_request_duration_seconds_sum method=GET route=blob', 2.2],
    ['landwaiter_http_request_bytes_total route=blob', 5],
    ['landwaiter_http_response_bytes_total route=blob', 1024],
    ['landwaiter_registry_operations_total action=pull kind=manifest outcome=success', 1],
    ['landwaiter_authn_attempts_total backend=static outcome=rejected', 1],
    ['landwaiter_authn_duration_seconds_count backend=static', 1],
    ['landwaiter_authz_decisions_total action=push decision=denied', 1],
    ['landwaiter_tokens_issued_total grant=password', 1],
    ['landwaiter_upstream_up upstream=registry', 1],
    ['landwaiter_upstream_requests_total code=other upstream=registry', 1],
    ['landwaiter_upstream_request_duration_seconds_count upstream=registry', 1],
    ['landwaiter_audit_records_total sink=file', 3],
    ['landwaiter_audit_errors_total reason=ENOSPC sink=file', 1],
    ['landwaiter_audit_queue_bytes', 512],
    ['landwaiter_audit_degraded', 1],
    ['landwaiter_direct_reads_total', 1],
    ['landwaiter_disk_cache_faults_total reason=disk', 1],
    ['landwaiter_tls_cert_not_after_timestamp_seconds domain=a.test', 1_800_000_000.5],
    ['landwaiter_tls_cert_not_after_timestamp_seconds domain=10.0.0.5', 1_800_000_000.5],
    ['landwaiter_config_last_reload_successful', 0],
    ['landwaiter_config_last_reload_success_timestamp_seconds', 1_790_000_000],
  ] as const) {
    t.equal(samples.get(key), value, key)
  }
  t.ok([...samples.keys()].some(key => key.startsWith('process_cpu_seconds_total')))
  t.ok([...samples.keys()].some(key => key.startsWith('nodejs_heap_size_used_bytes')))
  t.match(metrics.contentType, /^text\/plain; version=0\.0\.4/)
  end()
  end()
  t.equal(
    await sample(metrics, 'landwaiter_http_requests_in_flight route=blob'),
    0,
    'ending twice counts once',
  )
})

t.test('keeps the number of series bounded whatever clients send', async t => {
  const metrics = createMetrics({ version: '1' })
  for (let index = 0; index < 500; index++) {
    const text = `x${index}"\n\\`
    const route = text as 'other'
    metrics.trackRequest(route)()
    metrics.observeRequest({ route, method: text, code: index * 7, seconds: 1, bytesIn: 0, bytesOut: 0 })
    metrics.countOperation({ action: text, kind: text, outcome: text })
    metrics.observeAuthn({ backend: text, outcome: text, seconds: 1 })
    metrics.countDecision({ decision: 'granted', action: text })
    metrics.countToken(text)
    metrics.observeUpstream({ upstream: text, code: 200, seconds: 1 })
    metrics.countAuditError(text, text)
  }
  metrics.setCertificates([
    { names: Array.from({ length: 500 }, (_, index) => `${index}.test`), notAfter: 0 },
  ])
  metrics.countAuditRecords('s'.repeat(10_000), 1)
  const samples = parse(await metrics.render())
  const series = (name: string) =>
    [...samples.keys()].filter(key => key.split(' ')[0] === `landwaiter_${name}`)
  for (const { name, limit } of [
    { name: 'http_requests_total', limit: 75 },
    { name: 'http_requests_in_flight', limit: 1 },
    { name: 'http_request_duration_seconds_count', limit: 1 },
    { name: 'registry_operations_total', limit: 1 },
    { name: 'authn_attempts_total', limit: 65 },
    { name: 'authz_decisions_total', limit: 1 },
    { name: 'tokens_issued_total', limit: 1 },
    { name: 'upstream_requests_total', limit: 65 },
    { name: 'audit_errors_total', limit: 65 },
    { name: 'tls_cert_not_after_timestamp_seconds', limit: 65 },
  ]) {
    const found = series(name).length
    t.ok(found > 0 && found <= limit, `${name}: ${found} of at most ${limit}`)
  }
  t.equal(samples.get('landwaiter_registry_operations_total action=other kind=other outcome=other'), 500)
  t.equal(samples.get('landwaiter_audit_records_total sink=other'), 1)
})

t.test('forgets certificates that are no longer served', async t => {
  const metrics = createMetrics({ version: '1' })
  metrics.setCertificates([{ names: ['old.test'], notAfter: 1000 }])
  metrics.setCertificates([{ names: ['new.test'], notAfter: 2000 }])
  const name = 'landwaiter_tls_cert_not_after_timestamp_seconds'
  t.equal(await sample(metrics, `${name} domain=old.test`), undefined)
  t.equal(await sample(metrics, `${name} domain=new.test`), 2)
})
