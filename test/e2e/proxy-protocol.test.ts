import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { startProcess } from '../support/background-process.ts'
import { freePort } from '../support/free-port.ts'
import { basic, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { writeOciImage } from '../support/oci-image.ts'
import { requestHead } from '../support/raw-client.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { createSkopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

/** Where the proxies connect from; every other client here comes from 127.0.0.1. */
const PROXY = '127.0.0.9'
const V1 = 'PROXY TCP4 203.0.113.7 10.0.0.1 56324 443\r\n'
const V2 = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
  Buffer.from([0x21, 0x11, 0, 12, 203, 0, 113, 7, 10, 0, 0, 1, 0, 80, 1, 0xbb]),
])
const DENIED = '/v2/prod/x/manifests/1'

const registry = await startRealRegistry(t)

function start(t: Test, more: Readonly<Record<string, unknown>> = {}): Promise<TestLandwaiter> {
  return startLandwaiter(t, {
    config: {
      listen: { https: '127.0.0.1:0', http: '127.0.0.1:0', admin: '127.0.0.1:0', proxy_protocol: true },
      trusted_proxies: [PROXY],
      registry: { upstream: registry.upstream, auth: 'none' },
      ...more,
    },
  })
}

/** A connection from the proxy's address. */
async function fromProxy(t: Test, port: number | undefined): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: port ?? 0, localAddress: PROXY })
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket.setNoDelay()
}

/** All that comes back, over TLS or not, until the other side closes. */
async function talk(socket: Socket, bytes: string): Promise<string> {
  let received = ''
  socket.on('data', (data: Buffer) => {
    received += data.toString('latin1')
  })
  const closed = new Promise(resolve => socket.on('error', () => undefined).once('close', resolve))
  if (bytes !== '') socket.write(bytes, 'latin1')
  await closed
  return received
}

function secured(raw: Socket, landwaiter: TestLandwaiter): Socket {
  return connectTls({ socket: raw, servername: 'localhost', ca: readFileSync(landwaiter.caFile) })
}

function deniedRequest(landwaiter: TestLandwaiter, ...headers: readonly string[]): string {
  const login = `Authorization: ${basic('developer')}`
  return requestHead(`GET ${DENIED}`, `Host: ${landwaiter.host}`, login, 'Connection: close', ...headers)
}

/** The address in the line of the last denial. */
function clientOf(landwaiter: TestLandwaiter): string | undefined {
  return landwaiter.audit().findLast(({ outcome }) => outcome === 'denied')?.client_ip
}

t.test('the address of a PROXY header is that of the client', async t => {
  const landwaiter = await start(t)
  const { https } = landwaiter.app.ports
  for (const [why, header] of [
    ['version 1', Buffer.from(V1)],
    ['version 2', V2],
  ] as const) {
    for (const [how, pieces] of [
      ['at once', [header]],
      ['byte for byte', [...header].map(byte => Buffer.from([byte]))],
    ] as const) {
      const raw = await fromProxy(t, https)
      for (const piece of pieces) await new Promise(resolve => raw.write(piece, () => setImmediate(resolve)))
      t.match(await talk(secured(raw, landwaiter), deniedRequest(landwaiter)), /^HTTP\/1\.1 403 /, why)
      t.equal(clientOf(landwaiter), '203.0.113.7', `${why}, ${how}`)
    }
  }
  const own = await fromProxy(t, https)
  own.write('PROXY UNKNOWN\r\n')
  await talk(secured(own, landwaiter), deniedRequest(landwaiter))
  t.equal(clientOf(landwaiter), PROXY, 'a proxy may speak for itself')
  const forged = await fromProxy(t, https)
  forged.write(V1)
  await talk(secured(forged, landwaiter), deniedRequest(landwaiter, 'X-Forwarded-For: 198.51.100.1'))
  t.equal(clientOf(landwaiter), '203.0.113.7', 'the word of a client that is no proxy')
  const chain = await fromProxy(t, https)
  chain.write(V1.replace('203.0.113.7', PROXY))
  await talk(secured(chain, landwaiter), deniedRequest(landwaiter, 'X-Forwarded-For: 198.51.100.1'))
  t.equal(clientOf(landwaiter), '198.51.100.1', 'a proxy behind a proxy')
})

t.test('a connection of a proxy without a header is closed, and says so', async t => {
  const landwaiter = await start(t)
  const { https, http } = landwaiter.app.ports
  for (const port of [https, http]) {
    t.equal(await talk(await fromProxy(t, port), 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), '')
  }
  t.equal(await talk(await fromProxy(t, https), '\x16\x03\x01'), '')
  const lines = landwaiter.log.filter(({ level }) => level === 'warn')
  t.equal(lines.filter(({ message }) => message.includes('no PROXY header')).length, 3)
  const check = await fromProxy(t, https)
  check.end()
  await once(check.resume(), 'close')
  t.equal(landwaiter.log.filter(({ level }) => level === 'warn').length, lines.length, 'a health check')
})

t.test('nobody else may claim an address', async t => {
  const landwaiter = await start(t)
  const { https = 0, http = 0 } = landwaiter.app.ports
  t.notMatch(await talk(connect(https, '127.0.0.1'), `${V1}\x16\x03\x01`), 'HTTP')
  t.match(await talk(connect(http, '127.0.0.1'), `${V1}GET / HTTP/1.1\r\n\r\n`), /^HTTP\/1\.1 400 /)
  const answer = await landwaiter.request(DENIED, { headers: { authorization: basic('developer') } })
  t.equal(answer.status, 403)
  t.equal(clientOf(landwaiter), '127.0.0.1', 'a client without a proxy is served as ever')
})

t.test('holds for the listeners without TLS', async t => {
  const redirecting = await start(t)
  const redirect = await fromProxy(t, redirecting.app.ports.http)
  t.match(await talk(redirect, `${V1}GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n`), /^HTTP\/1\.1 308 /)
  const landwaiter = await start(t, { tls: { mode: 'off' } })
  const { http } = landwaiter.app.ports
  const whole = await fromProxy(t, http)
  t.match(await talk(whole, V1 + deniedRequest(landwaiter)), /^HTTP\/1\.1 403 /)
  t.equal(clientOf(landwaiter), '203.0.113.7')
  const parted = await fromProxy(t, http)
  const request = deniedRequest(landwaiter)
  parted.write(V1 + request.slice(0, 10))
  await new Promise(resolve => setImmediate(resolve))
  t.match(await talk(parted, request.slice(10)), /^HTTP\/1\.1 403 /, 'in pieces')
})

t.test('a connection that waits for its header does not hold up the end', async t => {
  const landwaiter = await start(t, { limits: { shutdown_timeout: '1h' } })
  await fromProxy(t, landwaiter.app.ports.https)
  const half = await fromProxy(t, landwaiter.app.ports.http)
  half.write('PROXY TCP4')
  t.equal(await landwaiter.app.stop(), true)
})

for (const version of ['send-proxy', 'send-proxy-v2']) {
  t.test(`behind a real haproxy (${version})`, async t => {
    const landwaiter = await start(t, {
      listen: {
        https: '127.0.0.1:0',
        http: 'off',
        admin: 'off',
        proxy_protocol: true,
        h2: version === 'send-proxy-v2',
      },
    })
    const dir = tempDir(t)
    const port = await freePort()
    const config = join(dir, 'haproxy.cfg')
    writeFileSync(
      config,
      [
        'defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s',
        `listen registry\n bind 127.0.0.1:${port}`,
        ` server landwaiter 127.0.0.1:${landwaiter.app.ports.https} source ${PROXY} ${version}\n`,
      ].join('\n'),
    )
    const haproxy = await startProcess(t, ['/usr/sbin/haproxy', '-db', '-f', config])
    await haproxy.ready('haproxy', async () => {
      const probe = connect(port, '127.0.0.1')
      await once(probe, 'connect')
      probe.destroy()
      return true
    })
    const certDir = join(dir, 'certs')
    mkdirSync(certDir)
    writeFileSync(join(certDir, 'ca.crt'), readFileSync(landwaiter.caFile))
    const skopeo = createSkopeo(t, { kind: 'ca', certDir })
    const image = writeOciImage(join(dir, 'image'))
    const host = `localhost:${port}`
    t.match(await skopeo.login(host, { user: 'developer', password: 'developer-password' }), { code: 0 })
    t.match(await skopeo.push(image.ref, `${host}/dev-backend/app:1`), { code: 0 })
    t.match(await skopeo.pull(`${host}/dev-backend/app:1`, `oci:${join(dir, 'back')}:1`), {
      code: 0,
    })
    const pushes = await waitFor('line', () => {
      const lines = landwaiter.audit().filter(({ action }) => action === 'push')
      return lines.length > 0 && lines
    })
    t.match(pushes[0], { client_ip: '127.0.0.1', host })
    t.notOk(landwaiter.audit().some(({ client_ip }) => client_ip === PROXY))
  })
}
