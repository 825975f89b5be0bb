import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { adminUrl } from '../../src/cli/admin-url.ts'
import { healthcheck } from '../../src/cli/healthcheck.ts'
import { freePort } from '../support/free-port.ts'
import { startLandwaiter, writeConfig } from '../support/landwaiter.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { fakeTerminal, runCli, writeConfigText } from './fake-terminal.ts'

/** The address of a registry without authentication. */
async function startRegistry(t: Scope): Promise<string> {
  const server = createServer((_req, res) => res.end('{}')).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise(resolve => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A landwaiter whose admin port the returned file names. */
async function startWith(t: Scope, upstream: string) {
  const port = await freePort()
  const config = {
    registry: { upstream },
    listen: { https: '127.0.0.1:0', http: 'off', admin: `127.0.0.1:${port}` },
  }
  const gateway = await startLandwaiter(t, { config })
  return { file: join(gateway.dir, 'config.yml'), port, gateway }
}

t.test('a server that is ready is healthy', async t => {
  const { file } = await startWith(t, await startRegistry(t))
  const { code, out, err } = await runCli(['healthcheck', '-c', file])
  t.strictSame({ code, err }, { code: 0, err: '' })
  t.match(out, /^\[\+\]configuration ok\n(\[\+\][\w-]+ ok\n)+readyz check passed\n$/)
})

t.test('a server that is not ready says why', async t => {
  const { file } = await startWith(t, `http://127.0.0.1:${await freePort()}`)
  const { code, out, err } = await runCli(['healthcheck', '-c', file])
  t.strictSame({ code, err }, { code: 1, err: '' })
  t.match(out, /^\[-\]upstream failed: .*ECONNREFUSED.*\n(.*\n)*readyz check failed\n$/m)
})

t.test('no server is no health', async t => {
  const port = await freePort()
  const file = writeConfig(tempDir(t), { listen: { admin: `127.0.0.1:${port}` } })
  t.strictSame(await runCli(['healthcheck', '-c', file]), {
    code: 1,
    out: '',
    err: `error: http://127.0.0.1:${port}/readyz?verbose does not answer: connect ECONNREFUSED 127.0.0.1:${port}\n`,
  })
  const off = writeConfig(tempDir(t), { listen: { admin: 'off' } })
  t.strictSame(await runCli(['healthcheck', '-c', off]), {
    code: 1,
    out: '',
    err: 'error: listen.admin is off, so there is nothing to ask\n',
  })
})

t.test('a file that became faulty does not make a running server sick', async t => {
  const { port, gateway } = await startWith(t, await startRegistry(t))
  for (const file of [writeConfigText(t, 'users: {'), '/nonexistent/config.yml']) {
    const { terminal, written } = fakeTerminal()
    t.equal(await healthcheck(file, terminal, { host: '127.0.0.1', port }), 0, file)
    t.match(written.out, /readyz check passed/)
  }
  await gateway.app.stop()
  const { terminal, written } = fakeTerminal()
  t.equal(await healthcheck('/nonexistent/config.yml', terminal, { host: '127.0.0.1', port }), 3)
  t.equal(written.err, '/nonexistent/config.yml: error: cannot read the configuration: no such file\n')
})

t.test('an address to listen on becomes one to connect to', async t => {
  const cases = [
    { host: undefined, url: 'http://127.0.0.1:9090/x' },
    { host: '0.0.0.0', url: 'http://127.0.0.1:9090/x' },
    { host: '::', url: 'http://[::1]:9090/x' },
    { host: '::1', url: 'http://[::1]:9090/x' },
    { host: '10.0.0.1', url: 'http://10.0.0.1:9090/x' },
    { host: 'localhost', url: 'http://localhost:9090/x' },
  ]
  for (const { host, url } of cases) t.equal(adminUrl({ host, port: 9090 }, '/x'), url)
})
