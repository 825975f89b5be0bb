import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { startAcmeLandwaiter } from '../support/acme-landwaiter.ts'
import { startProcess } from '../support/background-process.ts'
import { createClientCa } from '../support/client-ca.ts'
import { basic, readAudit, startLandwaiter, type TestLandwaiter, writeConfig } from '../support/landwaiter.ts'
import { openPorts } from '../support/landwaiter-process.ts'
import { startPebble } from '../support/pebble.ts'
import { requestHead } from '../support/raw-client.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { servedCertificate } from '../support/served-certificate.ts'
import { startStandIn } from '../support/stand-in-registry.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { requestsByWorker } from '../support/worker-clients.ts'

const AUTHORIZATION = `Authorization: ${basic('admin')}`
const BLOB = `/v2/dev/x/blobs/sha256:${'a'.repeat(64)}`
const MAIN = join(import.meta.dirname, '../../src/main.ts')
/** Enough that the kernel gives some to each of two threads. */
const CONNECTIONS = 16

/** The threads that a landwaiter in this process starts from now on. */
function watchThreads(t: Test): readonly Worker[] {
  const threads: Worker[] = []
  const onWorker = (worker: Worker) => threads.push(worker)
  process.on('worker', onWorker)
  t.teardown(() => process.off('worker', onWorker))
  return threads
}

/** A registry that sends half a blob, and the other half when told. */
async function startHalves(t: Test) {
  const released = Promise.withResolvers<void>()
  const { upstream } = await startStandIn(t, ({ head, socket, next }) => {
    if (head.startsWith('GET /v2/ ')) {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      return next()
    }
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ')
    void released.promise.then(() => socket.write('whole'))
    next()
  })
  return { upstream, release: () => released.resolve() }
}

interface Download {
  readonly received: () => string
  readonly closed: Promise<unknown>
}

/** Downloads on connections of their own, each of which has half of the blob. */
async function startDownloads(
  t: Test,
  to: Pick<TestLandwaiter, 'host' | 'caFile'>,
): Promise<readonly Download[]> {
  return Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = await handshake(t, to)
      let received = ''
      socket.setEncoding('utf8').on('data', (text: string) => {
        received += text
      })
      const closed = once(socket, 'close')
      socket.write(requestHead(`GET ${BLOB}`, `Host: ${to.host}`, AUTHORIZATION))
      await waitFor('half the blob', () => received.endsWith('half '))
      return { received: () => received, closed }
    }),
  )
}

async function handshake(
  t: Test,
  { host, caFile }: Pick<TestLandwaiter, 'host' | 'caFile'>,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const [servername = '', port = ''] = host.split(':')
  const socket = connect({
    host: '127.0.0.1',
    port: Number(port),
    servername,
    ca: readFileSync(caFile),
    ...options,
  })
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

/** The certificates that new connections are shown, as many as matter; each connection asks once. */
async function servedSerials(t: Test, lw: TestLandwaiter): Promise<ReadonlySet<string>> {
  const serials = new Set<string>()
  for (let index = 0; index < CONNECTIONS; index += 1) {
    const socket = await handshake(t, lw, { rejectUnauthorized: false })
    serials.add(socket.getPeerX509Certificate()?.serialNumber ?? 'none')
    socket.write(requestHead('GET /livez', `Host: ${lw.host}`, 'Connection: close'))
    await once(socket.resume(), 'close')
  }
  return serials
}

async function bothServed(t: Test, lw: TestLandwaiter, before: readonly number[]): Promise<void> {
  const after = await requestsByWorker(lw)
  t.ok(
    after.every((count, index) => count > (before[index] ?? 0)),
    `both workers: ${before} to ${after}`,
  )
}

function selfSigned(dir: string): { readonly certificate: string; readonly key: string } {
  const [certificate, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '30']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  })
  return { certificate, key }
}

/** An end of the process is asked for by TERM; SIGUSR2 ends one of its threads. */
async function startKillable(t: Test, upstream: string) {
  const dir = tempDir(t)
  const config = { workers: 2, registry: { upstream, auth: 'none' }, limits: { shutdown_timeout: '30s' } }
  const file = writeConfig(dir, config)
  const killer = `process.once('worker', worker => process.on('SIGUSR2', () => worker.terminate()))`
  const hook = `data:text/javascript,${encodeURIComponent(killer)}`
  const running = await startProcess(t, [process.execPath, '--import', hook, MAIN, 'serve', '-c', file])
  const ports = await running.ready('ready', () => openPorts(running.output()))
  const lw = {
    host: `localhost:${ports.https}`,
    adminUrl: `http://127.0.0.1:${ports.admin}`,
    caFile: join(dir, 'state', 'ca', 'ca.pem'),
  }
  return { ...running, lw, audit: () => readAudit(join(dir, 'audit.jsonl')) }
}

t.test('TERM lets the transfers of both workers end, each with its line, and none begin', async t => {
  const { upstream, release } = await startHalves(t)
  const { lw, pid, audit, exited, output } = await startKillable(t, upstream)
  const downloads = await startDownloads(t, lw)
  process.kill(pid, 'SIGTERM')
  await waitFor('no more connections', () =>
    handshake(t, lw).then(
      () => false,
      () => true,
    ),
  )
  release()
  await Promise.all(downloads.map(({ closed }) => closed))
  for (const { received } of downloads) t.match(received(), /\r\n\r\nhalf whole$/)
  t.equal(await exited, 0)
  const lines = audit()
  t.equal(
    lines.filter(({ action, outcome }) => action === 'pull' && outcome === 'success').length,
    CONNECTIONS,
  )
  t.match(lines.at(-1), { action: 'server.stop' })
  t.notMatch(output(), /"level":"(?:warn|error)"/)
})

t.test('a worker that dies ends the process, after the transfers of the other', async t => {
  const { upstream, release } = await startHalves(t)
  const { lw, pid, audit, exited, output } = await startKillable(t, upstream)
  const downloads = await startDownloads(t, lw)
  process.kill(pid, 'SIGUSR2')
  await waitFor('the log', () => output().includes('a worker thread has failed; the process ends'))
  release()
  await Promise.all(downloads.map(({ closed }) => closed))
  const whole = downloads.filter(({ received }) => received().endsWith('half whole')).length
  t.ok(whole > 0 && whole < CONNECTIONS, `those of the other worker end whole: ${whole} of ${CONNECTIONS}`)
  t.equal(await exited, 1, 'a supervisor starts it anew')
  const lines = audit()
  t.equal(lines.filter(({ action, outcome }) => action === 'pull' && outcome === 'success').length, whole)
  t.match(lines.at(-1), { action: 'server.stop' })
})

t.test('an app whose worker has died says that it has failed, and stops', async t => {
  const threads = watchThreads(t)
  const { upstream } = await startRealRegistry(t)
  const lw = await startLandwaiter(t, { config: { workers: 2, registry: { upstream } } })
  const [first] = threads
  await first?.terminate()
  await lw.app.failed
  t.match(
    lw.log.filter(({ level }) => level === 'error').map(({ message }) => message),
    ['a worker thread has failed; the process ends'],
  )
  t.match(await lw.app.reload(), { outcome: 'rejected' }, 'nothing is taken over by one alone')
  t.equal(await lw.app.stop(), true)
})

t.test('a session of one worker is resumed by the other', async t => {
  const { upstream } = await startRealRegistry(t)
  const lw = await startLandwaiter(t, { config: { workers: 2, registry: { upstream } } })
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await handshake(t, lw, { maxVersion })
    const ticket = once(socket, 'session')
    socket.write(requestHead('GET /livez', `Host: ${lw.host}`))
    // TLS 1.2 had it in the handshake.
    const session = maxVersion === 'TLSv1.2' ? socket.getSession() : ((await ticket)[0] as Buffer)
    if (session === undefined) throw new Error('there is no session')
    const before = await requestsByWorker(lw)
    for (let index = 0; index < CONNECTIONS; index += 1) {
      const again = await handshake(t, lw, { maxVersion, session })
      t.equal(again.isSessionReused(), true, `${maxVersion}, connection ${index}`)
      again.write(requestHead('GET /livez', `Host: ${lw.host}`, 'Connection: close'))
      await once(again.resume(), 'close')
    }
    await bothServed(t, lw, before)
  }
})

t.test('a certificate file that changes is served by both workers', async t => {
  const { upstream } = await startRealRegistry(t)
  const dir = tempDir(t)
  const pair = selfSigned(dir)
  const lw = await startLandwaiter(t, {
    config: { workers: 2, registry: { upstream }, tls: { mode: 'files', ...pair } },
  }).then(started => ({ ...started, caFile: pair.certificate }))
  const before = await requestsByWorker(lw)
  const [serial, ...others] = await servedSerials(t, lw)
  t.strictSame(others, [])
  await bothServed(t, lw, before)
  const next = selfSigned(tempDir(t))
  renameSync(next.key, pair.key)
  renameSync(next.certificate, pair.certificate)
  await waitFor('the new certificate', async () => !(await servedSerials(t, lw)).has(serial ?? ''))
  t.equal((await servedSerials(t, lw)).size, 1)
})

t.test('client certificates are logins in both workers', async t => {
  const { upstream } = await startRealRegistry(t)
  const ca = createClientCa(t)
  const pair = ca.issue({ subject: '/CN=deployer' })
  const lw = await startLandwaiter(t, {
    config: {
      workers: 2,
      registry: { upstream, auth: 'none' },
      tls: { mode: 'internal', client_auth: { ca_file: ca.file } },
      acl: [{ match: { account: 'deployer' }, actions: ['*'] }],
    },
  })
  const before = await requestsByWorker(lw)
  for (let index = 0; index < CONNECTIONS; index += 1) {
    const socket = await handshake(t, lw, { cert: pair.cert, key: pair.key })
    let received = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text
    })
    socket.write(requestHead('GET /v2/any/x/tags/list', `Host: ${lw.host}`, 'Connection: close'))
    await once(socket, 'close')
    t.match(received, /^HTTP\/1\.1 404 /)
  }
  await bothServed(t, lw, before)
})

t.test(
  'an authority that comes to either worker finds its answer, and both serve what it issues',
  async t => {
    const pebble = await startPebble(t)
    const lw = await startAcmeLandwaiter(t, {
      pebble,
      domains: { registry: 'registry.test' },
      acme: { challenges: ['tls-alpn-01'] },
      config: { workers: 2, registry: { upstream: 'http://127.0.0.1:9', auth: 'none' } },
    })
    await lw.served(['registry.test'])
    const serials = async () => {
      const seen = new Set<string>()
      for (let index = 0; index < CONNECTIONS; index += 1) {
        const shown = await servedCertificate(pebble.tlsPort, { servername: 'registry.test' })
        seen.add('leaf' in shown ? shown.leaf.serialNumber : shown.code)
      }
      return seen
    }
    const [first, ...others] = await serials()
    t.strictSame(others, [])
    t.equal((await lw.renew()).status, 200)
    const [second, ...rest] = await serials()
    t.strictSame(rest, [], 'no worker has the one before')
    t.not(second, first)
  },
)
