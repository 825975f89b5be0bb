import t from 'tap'
import { startLandwaiter } from '../support/landwaiter.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'

const upstream = await startRecordingUpstream(t)
const landwaiter = await startLandwaiter(t, {
  config: {
    domains: { registry: 'localhost', auth: 'auth.test' },
    registry: { upstream: upstream.upstream },
    server: { hsts: true },
    // Without TLS, whose certificate already refuses other names.
    tls: { mode: 'off' },
    trusted_proxies: ['127.0.0.1'],
  },
})

t.test('leads each Host and path to its handler, and nothing unknown to the registry', async t => {
  const cases: readonly (readonly [why: string, call: string, host: string, status: number])[] = [
    ['the registry asks for a token', 'GET /v2/', 'localhost', 401],
    ['its base without the slash', 'GET /v2', 'localhost', 301],
    ['with a query', 'GET /v2?x', 'localhost', 301],
    ['only the base is redirected', 'GET /v2x', 'localhost', 404],
    ['OPTIONS needs no token', 'OPTIONS /v2/a/tags/list', 'localhost', 200],
    ['no images under the name of logins', 'GET /v2/', 'auth.test', 421],
    ['nor a redirect to them', 'GET /v2', 'auth.test', 421],
    ['logins under their name', 'GET /auth', 'auth.test', 200],
    ['and under that of the registry', 'GET /auth/token', 'localhost', 200],
    ['nothing under another', 'GET /auth', 'evil.test', 421],
    ['but life, for a probe by address', 'GET /livez', '10.0.0.1', 200],
    ['the way in', 'GET /', 'localhost', 200],
    ['for who reads', 'POST /', 'localhost', 404],
    ['the admin listener has a port of its own', 'GET /metrics', 'localhost', 404],
    ['the debug pages of the registry', 'GET /debug/vars', 'localhost', 404],
  ]
  for (const [why, call, host, status] of cases) {
    const [method = '', path = ''] = call.split(' ')
    const answer = await landwaiter.request(path, { method, headers: { host } })
    t.equal(answer.status, status, `${why}: ${call}`)
    t.match(answer.headers['x-request-id'], /^[0-9A-Z]{26}$/, 'every answer can be found in the log')
    t.match(answer.headers['strict-transport-security'], /^max-age=\d+/)
  }
  t.strictSame(upstream.take(), [], 'the registry gets no request')
})

t.test('answers an endpoint that is not there in JSON', async t => {
  const { headers, text } = await landwaiter.request('/nothing')
  t.equal(headers['content-type'], 'application/json')
  t.match(JSON.parse(text), { errors: [{ code: 'UNSUPPORTED', message: /under \/v2\// }] })
})

t.test('keeps the connection of a request without a body, however fast it is answered', async t => {
  for (const path of ['/livez', '/', '/v2', '/v2/', '/nothing']) {
    const { headers } = await landwaiter.request(path)
    t.not(headers['connection'], 'close', path)
  }
})
