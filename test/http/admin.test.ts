import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { type Dispatcher, request } from 'undici'
import { createCertificateControl } from '../../src/app/certificate-control.ts'
import { type AdminPorts, createAdmin } from '../../src/http/admin.ts'
import type { Scope } from '../support/scope.ts'

const STATUS = [{ names: ['registry.test'], notAfter: 1, issuer: 'CN=x', source: 'files' as const }]

/** An admin listener that notes what it is asked to do. */
async function startAdmin(t: Scope, certificates?: AdminPorts['certificates']) {
  const done: string[] = []
  const noting: AdminPorts['certificates'] = {
    status: () => STATUS,
    async renew(name) {
      done.push(`renew ${name}`)
      return { ok: name !== 'bad.test', text: `${name}\n` }
    },
    async revoke(name, reason) {
      done.push(`revoke ${name} ${reason}`)
      return { ok: reason !== 'boredom', text: `${name} ${reason}\n` }
    },
  }
  const admin = createAdmin({
    metrics: async () => '',
    metricsType: 'text/plain',
    readiness: async () => ({ ready: true, checks: [] }),
    formatReadiness: () => 'ok\n',
    reload: async () => {
      done.push('reload')
      return { ok: true, text: 'reloaded\n' }
    },
    certificates: certificates ?? noting,
  })
  const server = createServer(admin)
  t.teardown(() => server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const ask = async (method: Dispatcher.HttpMethod, path: string, headers = {}) => {
    const answer = await request(`http://127.0.0.1:${port}${path}`, { method, headers })
    const { allow, 'content-type': type } = answer.headers
    return { status: answer.statusCode, body: await answer.body.text(), allow, type }
  }
  return { ask, done }
}

t.test('tells of the certificates as JSON, and of none without TLS', async t => {
  const { ask, done } = await startAdmin(t)
  const { status, body, type } = await ask('GET', '/certificates')
  t.strictSame(
    { status, body: JSON.parse(body), type },
    { status: 200, body: STATUS, type: 'application/json' },
  )
  t.match(await ask('HEAD', '/certificates'), { status: 200, body: '' })
  t.strictSame(done, [])
})

t.test('renews and revokes by POST only', async t => {
  const { ask, done } = await startAdmin(t)
  t.match(await ask('POST', '/certificates/renew'), { status: 200 })
  t.match(await ask('POST', '/certificates/renew?name=a.test'), { status: 200, body: 'a.test\n' })
  t.match(await ask('POST', '/certificates/renew?name=*.a%2Etest'), { status: 200, body: '*.a.test\n' })
  t.match(await ask('POST', '/certificates/renew?name=bad.test'), { status: 422, body: 'bad.test\n' })
  t.match(await ask('POST', '/certificates/revoke?name=a.test'), {
    status: 200,
    body: 'a.test unspecified\n',
  })
  t.match(await ask('POST', '/certificates/revoke?name=a.test&reason=boredom'), { status: 422 })
  t.strictSame(done.splice(0), [
    'renew undefined',
    'renew a.test',
    'renew *.a.test',
    'renew bad.test',
    'revoke a.test unspecified',
    'revoke a.test boredom',
  ])
  t.match(await ask('GET', '/certificates/renew'), {
    status: 405,
    allow: 'POST',
    body: 'POST only, and not from a web page\n',
  })
  t.match(await ask('GET', '/certificates/revoke?name=a.test'), { status: 405, allow: 'POST' })
  t.match(await ask('GET', '/reload'), { status: 405, allow: 'POST' })
  t.match(await ask('PUT', '/certificates/renew'), { status: 405, allow: 'POST' })
  t.match(await ask('POST', '/certificates'), { status: 405, allow: 'GET, HEAD', body: 'GET only\n' })
  t.match(await ask('POST', '/certificates/other'), { status: 405, allow: 'GET, HEAD' })
  t.strictSame(done, [])
})

t.test('does nothing for a page in a browser', async t => {
  const { ask, done } = await startAdmin(t)
  for (const path of ['/reload', '/certificates/renew', '/certificates/revoke?name=a.test']) {
    const answer = await ask('POST', path, { origin: 'https://evil.test' })
    t.match(answer, { status: 405, allow: 'POST', body: 'POST only, and not from a web page\n' }, path)
  }
  t.strictSame(done, [])
})

t.test('says that only certificates by ACME can be renewed', async t => {
  const { ask } = await startAdmin(
    t,
    createCertificateControl(() => [], undefined),
  )
  const body = 'error: no certificate here comes by ACME (see tls.mode)\n'
  t.match(await ask('POST', '/certificates/renew'), { status: 422, body })
  t.match(await ask('POST', '/certificates/revoke?name=a.test'), { status: 422, body })
})
