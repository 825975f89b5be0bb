import { mkdirSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../support/free-port.ts'
import { startLandwaiter, writeConfig } from '../support/landwaiter.ts'
import { startPebble } from '../support/pebble.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { acmeConfig, startWithPebble } from './cert-support.ts'
import { runCli, writeConfigText } from './fake-terminal.ts'
import { landwaiter } from './landwaiter-command.ts'

t.test('the running server tells of a certificate and of one that it has not got', async t => {
  const pebble = await startPebble(t, { blocklist: ['auth.test'] })
  const { file, stop, dir, adminUrl } = await startWithPebble(t, pebble)
  const status = (...args: readonly string[]) => runCli(['cert', 'status', ...args, '-c', file])
  await waitFor('one is obtained and one refused', async () => {
    const { out } = await status()
    return out.includes('proved by') && out.includes('failed')
  })

  const { code, out, err } = await status()
  t.strictSame({ code, err }, { code: 1, err: '' })
  t.match(
    out,
    /^registry\.test {2}valid\n {2}issued by {6}localhost_\d+: CN=Pebble Intermediate CA \w+\n {2}valid until .* in \d+ days\n {2}obtained .*, proved by http-01\n {2}next renewal .*\n\nauth\.test {2}STOP-GAP, /,
  )
  t.match(
    out,
    /\n {2}failed {9}localhost_\d+ answers: .*"auth\.test".*\(rejectedIdentifier\)\n {2}next attempt .*\n$/,
  )
  t.match(await status('registry.test'), { code: 0, out: /^registry\.test {2}valid\n(?!(.*\n)*auth\.test)/ })
  t.match(await status('AUTH.TEST'), { code: 1, out: /^auth\.test {2}STOP-GAP/ })
  t.strictSame(await status('other.test'), {
    code: 1,
    out: '',
    err: 'error: other.test is not one of registry.test, auth.test\n',
  })

  const json = await status('registry.test', '-o', 'json')
  t.strictSame({ code: json.code, err: json.err }, { code: 0, err: '' })
  t.match(JSON.parse(json.out), [
    { names: ['registry.test'], source: 'acme', acme: { challenge: 'http-01', isStopGap: false } },
  ])

  // As in a container, with the program itself.
  const whole = await landwaiter(['cert', 'status', 'registry.test'], { env: { LANDWAITER_CONFIG: file } })
  t.strictSame({ code: whole.code, stderr: whole.stderr }, { code: 0, stderr: '' })
  t.notOk(whole.stdout.includes('\u001b'), 'no colour in a pipe')

  await stop()
  const stored = await status()
  t.equal(stored.code, 1)
  t.equal(
    stored.err,
    `note: ${adminUrl}/certificates does not answer (connect ECONNREFUSED ${new URL(adminUrl).host}); this is what ${dir}/state/acme holds\n`,
  )
  t.match(
    stored.out,
    /^registry\.test {2}valid\n(.*\n)*.*proved by http-01\n(.*\n)*auth\.test {2}no certificate yet\n {2}failed /,
  )
  t.match(await status('registry.test'), { code: 0 })
})

t.test('a terminal gets colours, unless its owner wants none', async t => {
  const file = writeConfig(tempDir(t), { ...(await configWithoutServer()) })
  const status = (env: Readonly<Record<string, string>>) =>
    runCli(['cert', 'status', '-c', file], { columns: 80, env })
  t.match((await status({})).out, '\u001b[31mno certificate yet\u001b[0m')
  t.notOk((await status({ NO_COLOR: '1' })).out.includes('\u001b'))
})

t.test('before the first start nothing is there, and nothing is made', async t => {
  const dir = tempDir(t)
  const config = await configWithoutServer()
  const file = writeConfig(dir, { ...config, listen: { admin: 'off' } })
  t.strictSame(await runCli(['cert', 'status', '-c', file]), {
    code: 1,
    out: 'registry.test  no certificate yet\n  next attempt   now\n\nauth.test  no certificate yet\n  next attempt   now\n',
    err: `note: listen.admin is off; this is what ${dir}/state/acme holds\n`,
  })
  t.strictSame(readdirSync(dir), ['config.yml'])
})

t.test('a store that cannot be read is no certificate, and says why', async t => {
  const dir = tempDir(t)
  const file = writeConfig(dir, { ...(await configWithoutServer()) })
  const folder = join(dir, 'state', 'acme', 'certificates', 'registry.test', '00000001.json')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { code, out, err } = await runCli(['cert', 'status', 'registry.test', '-c', file])
  t.equal(code, 1)
  t.match(out, /^registry\.test {2}no certificate yet\n/)
  t.match(err, /damaged certificate set aside/)
})

t.test('certificates of our own CA and of files are told by the server only', async t => {
  const port = await freePort()
  const listen = { https: '127.0.0.1:0', http: 'off', admin: `127.0.0.1:${port}` }
  const gateway = await startLandwaiter(t, { config: { listen } })
  const status = () => runCli(['cert', 'status', '-c', gateway.file])
  t.match(await status(), {
    code: 0,
    out: /^localhost, 127\.0\.0\.1, ::1 {2}valid\n {2}issued by {6}our own CA \(see landwaiter ca\)\n {2}valid until .*\n$/,
    err: '',
  })
  await gateway.app.stop()
  t.strictSame(await status(), {
    code: 1,
    out: '',
    err: `error: http://127.0.0.1:${port}/certificates does not answer (connect ECONNREFUSED 127.0.0.1:${port}), and with tls.mode internal nothing else tells\n`,
  })
})

t.test('another program on the port of the admin listener is not believed', async t => {
  const bodies = ['hello', '{}', '[]']
  const server = createServer((_req, res) =>
    res.writeHead(bodies[0] === '[]' ? 404 : 200).end(bodies.shift()),
  )
  t.teardown(() => server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const config = { ...(await configWithoutServer()), listen: { admin: `127.0.0.1:${port}` } }
  const file = writeConfig(tempDir(t), config)
  const url = `http://127.0.0.1:${port}/certificates`
  for (const problem of [
    'does not answer \\(Unexpected token',
    'answers with HTTP 200,',
    'answers with HTTP 404,',
  ]) {
    const { code, err } = await runCli(['cert', 'status', '-c', file])
    t.equal(code, 1)
    t.match(err, new RegExp(`^note: ${url} ${problem}`))
  }
})

t.test('wrong usage and faulty files are told as by every command', async t => {
  const off = writeConfigText(t, 'tls: {mode: off}\nusers: {}\nacl: []\n')
  t.strictSame(await runCli(['cert', 'status', '-c', off]), {
    code: 1,
    out: '',
    err: 'error: tls.mode is off, so there are no certificates\n',
  })
  const faulty = writeConfigText(t, 'users: {')
  t.match(await runCli(['cert', 'status', '-c', faulty]), { code: 3, out: '' })
  t.match(await runCli(['cert', 'status', '-o', 'xml', '-c', off]), {
    code: 2,
    err: /Allowed choices are text, json/,
  })
  t.match(await runCli(['cert', 'stat']), { code: 2, err: /unknown command 'stat'/ })
})

/** Nothing answers there. */
async function configWithoutServer() {
  const ports = { tlsPort: await freePort(), httpPort: await freePort() }
  return await acmeConfig({ ...ports, directory: 'https://localhost:1/dir', caRootFile: '/nonexistent' })
}
