import { once } from 'node:events'
import type { RequestListener, Server, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as tlsConnect } from 'node:tls'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { createAdmin } from '../../src/http/admin.ts'
import { createListener, type ListenerLimits, suspendIdleGuard } from '../../src/http/listen.ts'
import { freePort } from '../support/free-port.ts'
import { basic, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { chunk, connectRaw, requestHead } from '../support/raw-client.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { resetSocket } from '../support/reset-socket.ts'
import { type Serve, startStandIn } from '../support/stand-in-registry.ts'
import { waitFor } from '../support/wait-for.ts'

const KIB = 1024
const UPLOAD = '/v2/dev/x/blobs/uploads/u1'
const AUTHORIZATION = `Authorization: ${basic('admin')}`
const ADMIN = { authorization: basic('admin') }
const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

/** A landwaiter in front of a registry of that address. */
function inFrontOf(t: Test, upstream: string, more: object = {}): Promise<TestLandwaiter> {
  return startLandwaiter(t, { config: { registry: { upstream, auth: 'none' }, ...more } })
}

const answerOk: Serve = ({ socket, early, next }) => {
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
  next(early)
}

/** A plain listener with its own limits. */
async function listening(
  t: Test,
  handler: RequestListener,
  limits: ListenerLimits,
): Promise<{ readonly server: Server; readonly port: number }> {
  const listener = createListener({ handler, log: SILENT, limits })
  const port = await listener.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => listener.close(0))
  return { server: listener.server, port }
}

/** Sends `text` to a plain port and resolves with all that came back when the connection is gone. */
async function talk(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket
    .on('error', () => undefined)
    .on('data', data => {
      answer += data
    })
  socket.write(text)
  await new Promise(resolve => socket.once('close', resolve))
  return answer
}

function errors({ log }: TestLandwaiter): readonly unknown[] {
  return log.filter(({ level }) => level === 'error')
}

t.test('while the registry is down', async t => {
  const port = await freePort()
  const landwaiter = await inFrontOf(t, `http://127.0.0.1:${port}`)
  const readyz = async () => {
    const { statusCode, body } = await request(`${landwaiter.adminUrl}/readyz`)
    return { status: statusCode, text: await body.text() }
  }
  const isUnavailable = {
    status: 503,
    headers: { 'retry-after': '5', 'content-type': 'application/json' },
    text: /^\{"errors":\[\{"code":"UNAVAILABLE","message":"the registry cannot be reached, try again shortly"/,
  }

  await t.test('the start succeeds, and requests get 503 with the time to try again', async t => {
    t.match(await landwaiter.request('/v2/', { headers: ADMIN }), isUnavailable)
    t.match(await landwaiter.request('/v2/x/manifests/1', { headers: ADMIN }), isUnavailable)
    const put = { method: 'PUT', headers: ADMIN, body: '{}' }
    t.match(await landwaiter.request('/v2/x/manifests/1', put), isUnavailable)
    const head = await landwaiter.request('/v2/x/manifests/1', { method: 'HEAD', headers: ADMIN })
    t.match(head, { status: 503, text: '' })
    t.match(landwaiter.audit().at(-1), { action: 'check', outcome: 'failed', status: 503 })
  })

  await t.test('logins work, readiness says why not', async t => {
    t.ok(await landwaiter.token('admin', 'repository:x:pull'))
    t.match(await landwaiter.request('/livez'), { status: 200 })
    t.match(await readyz(), { status: 503, text: /\[-\]upstream failed: .*ECONNREFUSED/ })
  })

  await t.test('it recovers at once, and again', async t => {
    for (const round of [1, 2]) {
      const registry = await startStandIn(t, answerOk, port)
      t.match(await landwaiter.request('/v2/', { headers: ADMIN }), { status: 200 }, `${round}`)
      t.match(await readyz(), { status: 200, text: 'ok\n' })
      await registry.stop()
      t.match(await landwaiter.request('/v2/', { headers: ADMIN }), isUnavailable)
    }
  })
})

t.test('the limits of a listener', async t => {
  const { server } = await listening(t, () => undefined, { headersMs: 30_000, idleMs: 300_000 })
  const real = createListener({ handler: () => undefined, log: SILENT }).server
  t.equal(real.requestTimeout, 0, 'uploads may take longer than 300 s')
  t.ok(real.keepAliveTimeout > 90_000, 'Go clients keep connections for 90 s')
  t.equal(real.headersTimeout, 30_000)
  t.equal(real.timeout, 300_000)
  t.equal(real.maxHeadersCount, 0, 'no header is dropped silently')
  t.equal(server.headersTimeout, real.headersTimeout)
})

t.test('headers that trickle in are refused with 408', async t => {
  const { port } = await listening(t, () => t.fail('no request'), { headersMs: 200, idleMs: 60_000 })
  const answer = await talk(port, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')
  t.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n.*"message":"the request headers took too long"/s)
})

t.test('the idle guard', async t => {
  const limits = { headersMs: 60_000, idleMs: 200 }
  await t.test('cuts an upload that has stopped', async t => {
    const { port } = await listening(t, req => req.resume(), limits)
    t.equal(await talk(port, `${requestHead('PATCH /', 'Host: x', 'Content-Length: 10')}abc`), '')
  })

  await t.test('leaves a commit alone that waits for the registry', async t => {
    const answered = Promise.withResolvers<void>()
    const commit = async (res: ServerResponse) => {
      const resume = suspendIdleGuard(res.req)
      await sleep(3 * limits.idleMs)
      resume()
      res.writeHead(201, { connection: 'close' }).end('done')
      answered.resolve()
    }
    const { port } = await listening(t, (_, res) => void commit(res), limits)
    const answer = await talk(port, requestHead('PUT /', 'Host: x', 'Content-Length: 0'))
    await answered.promise
    t.match(answer, /^HTTP\/1\.1 201 .*done/s)
  })

  await t.test('leaves an upload alone that the registry does not take', async t => {
    const { port } = await listening(
      t,
      (req, res) => {
        req.pause()
        setTimeout(() => req.resume(), 3 * limits.idleMs)
        req.once('end', () => res.writeHead(202, { connection: 'close' }).end('taken'))
      },
      limits,
    )
    const answer = await talk(port, `${requestHead('PATCH /', 'Host: x', 'Content-Length: 3')}abc`)
    t.match(answer, /^HTTP\/1\.1 202 .*taken/s)
  })

  await t.test('leaves a transfer alone that moves slowly', async t => {
    const { port } = await listening(
      t,
      (req, res) => {
        req.resume().once('end', () => res.writeHead(202, { connection: 'close' }).end())
      },
      limits,
    )
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', data => {
      answer += data
    })
    socket.write(requestHead('PATCH /', 'Host: x', 'Content-Length: 8'))
    for (let i = 0; i < 8; i += 1) {
      await sleep(limits.idleMs / 2)
      socket.write('x')
    }
    await once(socket, 'close')
    t.match(answer, /^HTTP\/1\.1 202 /)
  })
})

t.test('64 KiB of headers pass, more gets 431', async t => {
  const { upstream, heads } = await startStandIn(t, answerOk)
  const landwaiter = await inFrontOf(t, upstream)
  const ask = async (bytes: number) => {
    const { socket, received, closed } = await connectRaw(t, landwaiter)
    const filler = Array.from({ length: bytes / KIB }, (_, i) => `Accept: ${`t/${i}`.padEnd(KIB - 10, 'x')}`)
    socket.write(
      requestHead('GET /v2/', `Host: ${landwaiter.host}`, AUTHORIZATION, 'Connection: close', ...filler),
    )
    await closed
    return received().toString()
  }
  t.match(await ask(62 * KIB), /^HTTP\/1\.1 200 /)
  t.ok((heads[0] ?? '').length > 60 * KIB, 'and reach the registry')
  t.match(
    await ask(66 * KIB),
    /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n.*"message":"the request headers are larger than 64 KiB"/s,
  )
  t.match(await ask(1024 * KIB), /^(HTTP\/1\.1 431 |$)/)
  t.equal(heads.length, 1)
})

t.test('what is no HTTP', async t => {
  const gone = Promise.withResolvers<void>()
  const seen: Buffer[] = []
  const { upstream } = await startStandIn(t, ({ head, socket, early }) => {
    if (head.startsWith('GET')) {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ')
      return
    }
    seen.push(early)
    socket.on('data', (data: Buffer) => seen.push(data)).once('close', () => gone.resolve())
  })
  const landwaiter = await inFrontOf(t, upstream)
  const host = `Host: ${landwaiter.host}`

  await t.test('is refused with 400 as JSON', async t => {
    const cases = ['GET\r\n\r\n', 'nonsense\r\n\r\n', requestHead('GET /v2/', host, 'Content-Length: x')]
    for (const text of cases) {
      const { socket, received, closed } = await connectRaw(t, landwaiter)
      socket.write(text)
      await closed
      t.match(received().toString(), /^HTTP\/1\.1 400 Bad Request\r\n.*\{"errors":\[\{"code":"UNSUPPORTED"/s)
    }
  })

  await t.test('in the middle of an upload is never its end for the registry', async t => {
    const { socket, received, closed } = await connectRaw(t, landwaiter)
    socket.write(requestHead(`PATCH ${UPLOAD}`, host, AUTHORIZATION, 'Transfer-Encoding: chunked'))
    socket.write(chunk('body'))
    await waitFor('body', () => Buffer.concat(seen).includes('body'))
    socket.write('no chunk size\r\n')
    await closed
    t.match(received().toString(), /^HTTP\/1\.1 400 /)
    await gone.promise
    t.notMatch(Buffer.concat(seen).toString(), /0\r\n\r\n$/)
    t.match(await waitFor('line', () => landwaiter.audit().find(line => line.action === 'push')), {
      outcome: 'aborted',
    })
  })

  await t.test('behind a download cuts it, and nothing is written into its body', async t => {
    const { socket, received, closed } = await connectRaw(t, landwaiter)
    socket.write(requestHead(`GET /v2/dev/x/blobs/sha256:${'a'.repeat(64)}`, host, AUTHORIZATION))
    await waitFor('half', () => received().toString().endsWith('half '))
    socket.write('nonsense\r\n\r\n')
    await closed
    t.ok(received().toString().endsWith('half '))
  })
})

t.test('500 requests at once', async t => {
  const { upstream } = await startRealRegistry(t)
  const landwaiter = await inFrontOf(t, upstream)
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  const token = await landwaiter.token('admin', 'repository:dev/x:pull')
  const headers = { authorization: `Bearer ${token}` }
  const answers = await Promise.all(
    Array.from({ length: 500 }, () => landwaiter.request('/v2/dev/x/tags/list', { headers })),
  )
  t.strictSame([...new Set(answers.map(({ status }) => status))], [404])
  t.ok(answers.every(({ text }) => text.includes('NAME_UNKNOWN')))
  const ids = new Set(answers.map(({ headers }) => headers['x-request-id']))
  t.equal(ids.size, 500)
  t.strictSame(errors(landwaiter), [])
  t.strictSame(warnings, [])
})

t.test('a registry that has restarted', async t => {
  const first = await startStandIn(t, ({ head, ...rest }) => {
    if (head.includes('/stale')) resetSocket(rest.socket)
    else answerOk({ head, ...rest })
  })
  const landwaiter = await inFrontOf(t, first.upstream)
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  const get = (path: string) => landwaiter.request(path, { headers: ADMIN })

  await t.test('is asked anew on another connection', async t => {
    t.match(await get('/v2/'), { status: 200 })
    await first.stop()
    const second = await startStandIn(t, answerOk, first.port)
    t.match(await get('/v2/'), { status: 200 })
    await second.stop()
  })

  await t.test('costs a read one more try, without a warning', async t => {
    const { heads } = await startStandIn(
      t,
      ({ connection, ...rest }) => {
        if (connection === 2 && heads.length > 1) resetSocket(rest.socket)
        else answerOk({ connection, ...rest })
      },
      first.port,
    )
    await get('/v2/')
    t.match(await get('/v2/'), { status: 200 })
    await sleep(0)
    t.strictSame(warnings, [])
  })
  t.strictSame(
    errors(landwaiter).filter(entry => !JSON.stringify(entry).includes('cannot be reached')),
    [],
  )
})

t.test('HTTP/1.1 only is spoken over TLS', async t => {
  const { upstream } = await startStandIn(t, answerOk)
  const landwaiter = await inFrontOf(t, upstream)
  const socket = tlsConnect({
    host: '127.0.0.1',
    port: Number(landwaiter.host.split(':')[1]),
    servername: 'localhost',
    ALPNProtocols: ['h2', 'http/1.1'],
    rejectUnauthorized: false,
  })
  t.teardown(() => socket.destroy())
  await once(socket, 'secureConnect')
  t.equal(socket.alpnProtocol, 'http/1.1')
})

t.test('the admin listener', async t => {
  const { upstream } = await startStandIn(t, answerOk)
  const landwaiter = await inFrontOf(t, upstream)
  await landwaiter.request('/v2/', { headers: ADMIN })
  const ask = async (path: string, method: 'GET' | 'HEAD' | 'POST' = 'GET') => {
    const { statusCode: status, headers, body } = await request(landwaiter.adminUrl + path, { method })
    return { status, type: headers['content-type'], allow: headers['allow'], text: await body.text() }
  }

  await t.test('serves metrics in the text format', async t => {
    const { status, type, text } = await ask('/metrics')
    t.equal(status, 200)
    t.match(type, 'text/plain; version=0.0.4')
    t.match(text, /^landwaiter_http_requests_total\{.*route=".*code="200".*\} 1$/m)
    t.match(text, /^landwaiter_build_info\{.*version="0.0.0-test".*\} 1$/m)
    t.strictSame(faultsOfExposition(text), [])
  })

  await t.test('tells life and readiness', async t => {
    t.match(await ask('/livez'), { status: 200, text: 'ok\n' })
    t.match(await ask('/readyz'), { status: 200, text: 'ok\n' })
    t.match(await ask('/healthz'), { status: 200, text: 'ok\n' })
    const { status, text } = await ask('/readyz?verbose')
    t.equal(status, 200)
    for (const check of ['configuration', 'certificate', 'audit', 'upstream'])
      t.match(text, `[+]${check} ok\n`)
    t.match(text, /\nreadyz check passed\n$/)
    t.match(await ask('/readyz', 'HEAD'), { status: 200, text: '' })
  })

  await t.test('survives metrics that cannot be rendered', async t => {
    const broken = createAdmin({
      metrics: () => Promise.reject(new Error('two families of one name')),
      metricsType: 'text/plain',
      readiness: () => Promise.reject(new Error('no checks')),
      formatReadiness: () => '',
      reload: () => Promise.reject(new Error('no reload')),
    })
    const { port } = await listening(t, broken, { headersMs: 30_000, idleMs: 30_000 })
    const get = (path: string) => talk(port, requestHead(`GET ${path}`, 'Host: x', 'Connection: close'))
    t.match(await get('/metrics'), /^HTTP\/1\.1 500 .*two families of one name/s)
    t.match(await get('/readyz'), /^HTTP\/1\.1 500 .*no checks/s)
    t.match(await get('/livez'), /^HTTP\/1\.1 200 /)
  })

  await t.test('refuses everything else', async t => {
    t.match(await ask('/'), { status: 404 })
    t.match(await ask('/v2/'), { status: 404 })
    t.match(await ask('/metrics', 'POST'), { status: 405, allow: 'GET, HEAD' })
  })

  await t.test('is not to be had on the public port', async t => {
    for (const path of ['/metrics', '/readyz', '/healthz']) {
      t.match(await landwaiter.request(path), { status: 404 }, path)
    }
    t.match(await landwaiter.request('/livez'), { status: 200 })
  })
})

t.test('the plain port sends to HTTPS', async t => {
  const { upstream } = await startStandIn(t, answerOk)
  const cases = [
    { domains: { registry: 'localhost' }, host: 'localhost', port: 'bound' },
    { domains: { registry: 'localhost' }, host: 'LOCALHOST:80', port: 'bound' },
    { domains: { registry: 'registry.test:8443' }, host: 'registry.test', port: '8443' },
    { domains: { registry: 'registry.test:443' }, host: 'registry.test', port: '' },
    { domains: { registry: 'registry.test:8443', auth: 'auth.test' }, host: 'auth.test', port: 'bound' },
  ]
  for (const { domains, host, port } of cases) {
    const landwaiter = await inFrontOf(t, upstream, { domains })
    const { https = 0, http = 0 } = landwaiter.app.ports
    const suffix = port === 'bound' ? `:${https}` : port === '' ? '' : `:${port}`
    const answer = await talk(
      http,
      requestHead('PUT /v2/a/manifests/1?x=y', `Host: ${host}`, 'Content-Length: 0'),
    )
    t.match(answer, /^HTTP\/1\.1 308 Permanent Redirect\r\n/)
    const name = host.toLowerCase().replace(/:\d+$/, '')
    t.match(answer, `location: https://${name}${suffix}/v2/a/manifests/1?x=y\r\n`)
    for (const foreign of ['evil.test', 'localhost.evil.test', 'x/y', '']) {
      t.match(await talk(http, requestHead('GET /v2/', `Host: ${foreign}`)), /^HTTP\/1\.1 421 /, foreign)
    }
    t.match(await talk(http, requestHead(`GET https://${host}/v2/`, `Host: ${host}`)), /^HTTP\/1\.1 421 /)
  }
})

t.test('behind a load balancer that ends TLS', async t => {
  const { upstream } = await startRealRegistry(t)
  const landwaiter = await inFrontOf(t, upstream, {
    tls: { mode: 'off' },
    domains: { registry: 'registry.test' },
    trusted_proxies: ['127.0.0.1', '::1'],
  })
  const proxied = { host: 'registry.test', 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' }
  const ping = await landwaiter.request('/v2/', { headers: proxied })
  t.match(ping.headers['www-authenticate'], 'realm="https://registry.test/auth"')
  const post = { method: 'POST', headers: { ...proxied, ...ADMIN } }
  const start = await landwaiter.request('/v2/dev/x/blobs/uploads/', post)
  t.match(start.headers['location'], /^https:\/\/registry\.test\/v2\/dev\/x\/blobs\/uploads\//)
  const denied = { headers: { ...proxied, authorization: basic('developer') } }
  t.match(await landwaiter.request('/v2/prod/x/manifests/1', denied), { status: 403 })
  t.match(landwaiter.audit().at(-1), { client_ip: '203.0.113.9', host: 'registry.test' })
  const plain = await landwaiter.request('/v2/', { headers: { host: 'registry.test' } })
  t.match(plain.headers['www-authenticate'], 'realm="http://registry.test/auth"')
})

/** Lines of an exposition that break its rules, so far as a scraper minds: names, values, one TYPE before its samples. */
function faultsOfExposition(text: string): readonly string[] {
  const types = new Set<string>()
  const series = new Set<string>()
  return text.split('\n').filter(line => {
    const type = /^# TYPE ([a-z_:][\w:]*) (?:counter|gauge|histogram|summary)$/i.exec(line)?.[1]
    if (type !== undefined) return types.size === types.add(type).size
    if (line === '' || line.startsWith('# HELP ')) return false
    const [, name = '', labels = ''] =
      /^([a-z_:][\w:]*)(\{(?:[a-z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})? (?:[+-]?[\d.]+(?:e[+-]?\d+)?|NaN|[+-]Inf)$/i.exec(
        line,
      ) ?? []
    const family = name.replace(/_(?:bucket|sum|count)$/, '')
    if (series.has(name + labels)) return true
    series.add(name + labels)
    return !types.has(name) && !types.has(family)
  })
}
