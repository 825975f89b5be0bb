import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { runCommand } from '../support/run-command.ts'

function start(t: Test, domains: Readonly<Record<string, string>>): Promise<TestLandwaiter> {
  return startLandwaiter(t, {
    config: {
      domains,
      listen: { https: '127.0.0.1:0', http: 'off', admin: 'off' },
      registry: { upstream: 'http://127.0.0.1:9', auth: 'none' },
    },
  })
}

/** All that comes back for `pieces`, each sent when the one before it has gone out. */
async function talk(t: Test, { app }: TestLandwaiter, pieces: readonly string[]): Promise<string> {
  const socket = connect(app.ports.https ?? 0, '127.0.0.1').setNoDelay()
  t.teardown(() => socket.destroy())
  let received = ''
  socket.on('data', data => {
    received += data
  })
  const closed = new Promise(resolve => socket.on('error', () => undefined).once('close', resolve))
  for (const piece of pieces) await new Promise(resolve => socket.write(piece, () => setImmediate(resolve)))
  await closed
  return received
}

t.test('plain HTTP on the TLS port is told the way', async t => {
  const landwaiter = await start(t, { registry: 'registry.test:8443' })
  const text = 'This is the HTTPS port of registry.test: use https://registry.test:8443/.\n'
  const answer = `HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${text.length}\r\n\r\n${text}`
  const request = 'GET /v2/ HTTP/1.1\r\nHost: evil.test\r\n\r\n'
  t.equal(await talk(t, landwaiter, [request]), answer)
  t.equal(await talk(t, landwaiter, ['G', 'E', 'T /', 'v2/ HTTP/1.1\r\n']), answer, 'in pieces')
  t.equal(await talk(t, landwaiter, ['POST / HTTP/1.1\r\n\r\n']), answer)
  t.equal(await talk(t, landwaiter, ['\0\0\0\0\0\0 neither TLS nor HTTP']), '', 'only for HTTP')
  const { stdout } = await runCommand('curl', [
    '-sS',
    '-i',
    `http://localhost:${landwaiter.app.ports.https}/v2/`,
  ])
  t.equal(stdout, answer, 'curl')
  const errors = landwaiter.log.filter(({ message }) => message === 'TLS handshake failed')
  t.match(errors[0], { level: 'debug', fields: { error: { code: 'ERR_SSL_HTTP_REQUEST' } } })
  t.strictSame(
    landwaiter.log.filter(({ level }) => level === 'error'),
    [],
  )
})

t.test('the URL is that of the configuration', async t => {
  const request = ['GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n']
  const own = await start(t, { registry: 'registry.test' })
  t.match(await talk(t, own, request), `use https://registry.test:${own.app.ports.https}/.\n`)
  const standard = await start(t, { registry: 'registry.test:443' })
  t.match(await talk(t, standard, request), 'use https://registry.test/.\n')
  const nameless = await start(t, {})
  t.match(await talk(t, nameless, request), /\r\n\r\nThis port speaks HTTPS only: .*\n$/)
})
