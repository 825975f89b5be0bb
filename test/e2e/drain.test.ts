import { once } from 'node:events'
import { existsSync, renameSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { freePort } from '../support/free-port.ts'
import { basic, readAudit, startLandwaiter, writeConfig } from '../support/landwaiter.ts'
import { type LandwaiterProcess, startLandwaiterProcess } from '../support/landwaiter-process.ts'
import { connectRaw, type RawClient, requestHead } from '../support/raw-client.ts'
import { runCommand } from '../support/run-command.ts'
import { startStandIn } from '../support/stand-in-registry.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const AUTHORIZATION = `Authorization: ${basic('admin')}`
const BLOB = `/v2/dev/x/blobs/sha256:${'a'.repeat(64)}`
const UPLOAD = '/v2/dev/x/blobs/uploads/u1'

interface Site {
  readonly landwaiter: LandwaiterProcess
  /** Lets the registry send the second half of every download. */
  readonly release: () => void
}

/** A landwaiter whose registry sends half a blob, and the other half when told. */
async function openSite(t: Test, shutdownTimeout: string): Promise<Site> {
  const released = Promise.withResolvers<void>()
  const { upstream } = await startStandIn(t, ({ head, socket, early, next }) => {
    if (head.startsWith('GET')) {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ')
      void released.promise.then(() => socket.write('whole'))
      next()
      return
    }
    let body = early.toString()
    const onData = (data: Buffer | string) => {
      body += data
      if (body === 'half whole') socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n')
    }
    socket.on('data', onData)
    onData('')
  })
  const landwaiter = await startLandwaiterProcess(t, {
    registry: { upstream, auth: 'none' },
    limits: { shutdown_timeout: shutdownTimeout },
  })
  return { landwaiter, release: () => released.resolve() }
}

async function startDownload(t: Test, landwaiter: LandwaiterProcess): Promise<RawClient> {
  const client = await connectRaw(t, landwaiter)
  client.socket.write(requestHead(`GET ${BLOB}`, `Host: ${landwaiter.host}`, AUTHORIZATION))
  await waitFor('half the blob', () => client.received().toString().endsWith('half '))
  return client
}

async function startUpload(t: Test, landwaiter: LandwaiterProcess): Promise<RawClient> {
  const client = await connectRaw(t, landwaiter)
  const head = requestHead(`PATCH ${UPLOAD}`, `Host: ${landwaiter.host}`, AUTHORIZATION, 'Content-Length: 10')
  client.socket.write(`${head}half `)
  return client
}

function isRefused(landwaiter: LandwaiterProcess): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(Number(landwaiter.host.split(':')[1]), '127.0.0.1')
    socket.once('connect', () => resolve(false)).once('error', () => resolve(true))
    socket.once('connect', () => socket.destroy())
  })
}

/** Signals and goes on at once. */
function signal(landwaiter: LandwaiterProcess, name: NodeJS.Signals): void {
  process.kill(landwaiter.pid, name)
}

for (const name of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${name} lets running transfers end, and nothing begin`, async t => {
    const { landwaiter, release } = await openSite(t, '30s')
    const download = await startDownload(t, landwaiter)
    const upload = await startUpload(t, landwaiter)
    signal(landwaiter, name)
    await waitFor('no more connections', () => isRefused(landwaiter))
    const ready = await request(`${landwaiter.adminUrl}/readyz`)
    t.equal(ready.statusCode, 503)
    t.match(await ready.body.text(), '[-]shutdown failed: draining')
    upload.socket.write('whole')
    await waitFor('answer', () => upload.received().length > 0)
    t.match(upload.received().toString(), /^HTTP\/1\.1 202 .*connection: close\r\n/is)
    release()
    await download.closed
    t.match(download.received().toString(), /\r\n\r\nhalf whole$/)
    t.equal(await landwaiter.exited, 0)
    t.match(
      landwaiter.audit().map(({ action, outcome }) => `${action} ${outcome}`),
      ['server.start success', 'pull success', 'server.stop success'],
    )
    t.notMatch(landwaiter.output(), /"level":"(?:warn|error)"/)
  })
}

t.test('what still runs at the deadline is cut, and told by the exit code', async t => {
  const { landwaiter } = await openSite(t, '300ms')
  const download = await startDownload(t, landwaiter)
  const upload = await startUpload(t, landwaiter)
  signal(landwaiter, 'SIGTERM')
  t.equal(await landwaiter.exited, 1)
  await Promise.all([download.closed, upload.closed])
  t.match(download.received().toString(), /\r\n\r\nhalf $/)
  const lines = landwaiter.audit().map(({ action, outcome }) => `${action} ${outcome}`)
  t.strictSame(lines.slice(0, 3).sort(), ['pull aborted', 'push aborted', 'server.start success'])
  t.strictSame(lines.slice(3), ['server.stop success'], 'the last line')
  t.match(landwaiter.output(), 'requests were cut at the end of the shutdown time')
})

t.test('a second signal ends at once', async t => {
  const { landwaiter } = await openSite(t, '1h')
  await startDownload(t, landwaiter)
  signal(landwaiter, 'SIGTERM')
  await landwaiter.ready('shutdown', () => landwaiter.output().includes('shutting down'))
  signal(landwaiter, 'SIGTERM')
  t.equal(await landwaiter.exited, 1)
})

t.test('connections without a request do not hold up the end', async t => {
  const { landwaiter } = await openSite(t, '1h')
  const host = `Host: ${landwaiter.host}`
  const silent = connect(Number(landwaiter.host.split(':')[1]), '127.0.0.1')
  silent.on('error', () => undefined)
  t.teardown(() => silent.destroy())
  await once(silent, 'connect')
  const kept = await connectRaw(t, landwaiter)
  kept.socket.write(requestHead('GET /livez', host))
  await waitFor('answer', () => kept.received().toString().endsWith('ok\n'))
  const trickling = await connectRaw(t, landwaiter)
  trickling.socket.write('GET /livez HTTP/1.1\r\nX-')
  await connectRaw(t, landwaiter)
  signal(landwaiter, 'SIGTERM')
  t.equal(await landwaiter.exited, 0)
  t.match(landwaiter.audit().at(-1), { action: 'server.stop' })
})

t.test('HUP and USR1 follow a rotation of the audit file', async t => {
  const { landwaiter } = await openSite(t, '30s')
  const { dir, auditFile } = landwaiter
  for (const name of ['SIGHUP', 'SIGUSR1'] as const) {
    const rotated = join(dir, `${name}.jsonl`)
    renameSync(auditFile, rotated)
    const before = readAudit(rotated)
    signal(landwaiter, name)
    await landwaiter.ready('new file', () => existsSync(auditFile))
    await landwaiter.ready('log', () => landwaiter.output().includes(`"signal":"${name}"`))
    await landwaiter.ready('denial', async () => {
      const client = await connectRaw(t, landwaiter)
      const nobody = `Authorization: ${basic('admin', 'wrong')}`
      client.socket.write(requestHead('GET /v2/', `Host: ${landwaiter.host}`, nobody, 'Connection: close'))
      await client.closed
      return landwaiter.audit().some(({ action }) => action === 'login')
    })
    t.ok(readAudit(rotated).length >= before.length, 'the old file keeps its lines')
    t.notOk(readAudit(rotated).some(({ id }) => id === landwaiter.audit().at(-1)?.id))
  }
  t.equal(await landwaiter.stop(), 0)
  t.match(landwaiter.audit().at(-1), { action: 'server.stop' })
})

t.test('a port in use is a clear error, and nothing is left open', async t => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await once(taken, 'listening')
  const registry = { upstream: `http://127.0.0.1:${await freePort()}`, auth: 'none' }
  const used = `127.0.0.1:${(taken.address() as AddressInfo).port}`
  for (const key of ['https', 'http', 'admin'] as const) {
    const ports = { https: await freePort(), http: await freePort(), admin: await freePort() }
    const listen = Object.fromEntries(
      Object.entries(ports).map(([name, port]) => [name, name === key ? used : `127.0.0.1:${port}`]),
    )
    await t.test(`listen.${key}`, async t => {
      const dir = tempDir(t)
      const { code, stdout, stderr } = await runCommand(process.execPath, [
        join(import.meta.dirname, '../../src/main.ts'),
        ...['serve', '-c', writeConfig(dir, { listen, registry })],
      ])
      t.equal(code, 1)
      t.match(stderr, `error: listen.${key} ${used}: the address is already in use\n`)
      t.equal(stdout, '')
      t.strictSame(
        readAudit(join(dir, 'audit.jsonl')).map(({ action }) => action),
        [],
        'what has not started does not stop',
      )
      await t.rejects(startLandwaiter(t, { config: { listen, registry } }), {
        code: 'LISTEN_FAILED',
      })
      for (const [name, port] of Object.entries(ports)) {
        if (name === key) continue
        const again = createServer().listen(port, '127.0.0.1')
        await once(again, 'listening')
        again.close()
      }
    })
  }
})
