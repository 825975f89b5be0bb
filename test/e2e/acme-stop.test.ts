import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startGate } from '../support/acme-gate.ts'
import { basic, startLandwaiter } from '../support/landwaiter.ts'
import { startPebble } from '../support/pebble.ts'
import { startStandIn } from '../support/stand-in-registry.ts'
import { waitFor } from '../support/wait-for.ts'

const NAME = 'registry.test'

t.test('a stop during an order counts as no failure, however long downloads still take', async t => {
  const pebble = await startPebble(t, { nonceReject: 0 })
  const gate = await startGate(t, pebble)
  const announced = Promise.withResolvers<undefined>()
  gate.intercept(({ step }) => (step === 'challenge' ? announced.promise : undefined))
  const { upstream, release } = await startSlowRegistry(t)
  const { app, dir } = await startLandwaiter(t, {
    config: {
      domains: { registry: NAME },
      listen: {
        https: `127.0.0.1:${pebble.tlsPort}`,
        http: `127.0.0.1:${pebble.httpPort}`,
        admin: '127.0.0.1:0',
      },
      registry: { upstream, auth: 'none' },
      limits: { shutdown_timeout: '30s' },
      tls: {
        mode: 'acme',
        acme: { directory: gate.directory, ca_root_file: pebble.caRootFile, challenges: ['http-01'] },
      },
    },
  })
  const store = join(dir, 'state', 'acme')
  const answers = () => readdirSync(join(store, 'challenges', 'http-01'))
  await waitFor('the announced challenge', () => gate.count('challenge') > 0)
  const { whole } = await startDownload(t, pebble.tlsPort)
  const stopping = app.stop()
  await waitFor('closed listeners', () => isRefused(pebble.httpPort))
  announced.resolve(undefined)
  await waitFor('the answer to be taken back', () => answers().length === 0)
  release()
  t.equal(await whole, 'half whole')
  t.equal(await stopping, true)
  const state = JSON.parse(readFileSync(join(store, 'certificates', NAME, 'state.json'), 'utf8'))
  t.equal(state.failures, undefined)
  t.match(state.pending, { url: /^https:/ }, 'the next start takes the order up')
})

/** A registry that sends half a blob, and the rest when told. */
async function startSlowRegistry(t: Test) {
  const released = Promise.withResolvers<void>()
  const { upstream } = await startStandIn(t, ({ socket, next }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ')
    void released.promise.then(() => socket.write('whole'))
    next()
  })
  return { upstream, release: () => released.resolve() }
}

/** A download of which the first half has come; `whole` is all of it. */
async function startDownload(t: Test, port: number): Promise<{ readonly whole: Promise<string> }> {
  const begun = Promise.withResolvers<void>()
  const whole = Promise.withResolvers<string>()
  const sent = request({
    host: '127.0.0.1',
    port,
    servername: NAME,
    rejectUnauthorized: false,
    path: `/v2/dev/x/blobs/sha256:${'a'.repeat(64)}`,
    headers: { host: NAME, authorization: basic('admin') },
  })
  t.teardown(() => sent.destroy())
  sent.on('error', begun.reject)
  sent.on('response', response => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', chunk => {
      text += chunk
      begun.resolve()
    })
    response.on('end', () => whole.resolve(text))
  })
  sent.end()
  await begun.promise
  return { whole: whole.promise }
}

function isRefused(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1')
  socket.once('connect', () => {
    socket.destroy()
    resolve(false)
  })
  socket.once('error', () => resolve(true))
  return promise
}
