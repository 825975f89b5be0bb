import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { request } from 'undici'
import { stringify } from 'yaml'
import { startProcess } from '../support/background-process.ts'
import { readAudit } from '../support/landwaiter.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { runCli } from './fake-terminal.ts'
import { landwaiter, MAIN } from './landwaiter-command.ts'

/** A configuration that serves on ports of the system's choice, changed by `changes`. */
function setUp(t: Scope, changes: Readonly<Record<string, unknown>> = {}) {
  const dir = tempDir(t)
  const file = join(dir, 'auth_config.yml')
  const config = {
    token: { issuer: 'test', service: 'registry.test' },
    registry: { upstream: 'http://127.0.0.1:9', auth: 'none' },
    domains: { registry: 'localhost' },
    tls: { mode: 'off' },
    trusted_proxies: ['127.0.0.1'],
    listen: { https: 'off', http: '127.0.0.1:0', admin: '127.0.0.1:0' },
    state_dir: join(dir, 'state'),
    audit: { file: join(dir, 'audit.jsonl') },
    users: { '': {} },
    acl: [],
    ...changes,
  }
  writeFileSync(file, stringify(config))
  return { dir, file, auditFile: join(dir, 'audit.jsonl') }
}

/** The fields of the log line `message`. */
function logged(output: string, message: string): Readonly<Record<string, unknown>> | undefined {
  const lines = output.split('\n').filter(line => line.startsWith('{'))
  return lines.map(line => JSON.parse(line)).find(entry => entry.message === message)
}

/** Starts `landwaiter ARGS`; resolves when it is ready. */
async function start(t: Scope, args: readonly string[]) {
  const server = await startProcess(t, [process.execPath, MAIN, ...args])
  const ready = await server.ready('it is ready', () => logged(server.output(), 'ready'))
  const ports = { http: Number(ready['http']), admin: Number(ready['admin']) }
  return { ...server, ports, isAlive: () => isAlive(ports.http) }
}

async function isAlive(port: number): Promise<boolean> {
  const { statusCode, body } = await request(`http://127.0.0.1:${port}/livez`)
  await body.dump()
  return statusCode === 200
}

t.test("docker_auth's command line serves, and TERM ends it in good order", async t => {
  const { file, auditFile } = setUp(t, { tls: { mode: 'off' }, trusted_proxies: [] })
  const server = await start(t, ['--v=2', '--alsologtostderr', file])
  t.ok(await server.isAlive())
  const note = 'of these flags of docker_auth only --v=2 or more has an effect: log.level debug'
  t.match(logged(server.output(), note), { level: 'info', flags: ['--v=2', '--alsologtostderr'] })
  t.equal(await server.stop(), 0)
  t.strictSame(
    readAudit(auditFile).map(({ action }) => action),
    ['server.start', 'server.stop'],
  )
  const [started] = readAudit(auditFile)
  const config = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16)
  t.match(started, { pid: server.pid, config })
})

t.test('without a terminal the log is JSON, beside what people want to know', async t => {
  const { file, auditFile } = setUp(t)
  const server = await start(t, ['serve', '-c', file])
  const { http, admin } = server.ports
  await server.stop('SIGINT')
  const text = server
    .output()
    .split('\n')
    .filter(line => !line.startsWith('{'))
  t.strictSame(text, [
    '',
    `landwaiter ${version()} is running`,
    `  registry   plain HTTP on port ${http}`,
    '  log in     docker login localhost',
    `  audit log  ${auditFile}`,
    `  metrics    http://127.0.0.1:${admin}/metrics`,
    '',
    '',
  ])
})

t.test('where a machine reads, nothing but JSON is written', async t => {
  for (const changes of [{ audit: { file: '-' } }, { log: { format: 'json' } }]) {
    const { file } = setUp(t, changes)
    const server = await start(t, ['-c', file])
    await server.stop()
    const lines = server.output().split('\n').slice(0, -1)
    t.ok(lines.length > 2)
    for (const line of lines) t.equal(typeof JSON.parse(line), 'object', line)
  }
})

t.test('on a terminal the log is text, the login line comes last, and Ctrl-C ends it', async t => {
  const { file, auditFile } = setUp(t)
  // Without `exec` some shells stay in between, get the Ctrl-C as well and end with 130 whatever the server did.
  const command = `exec '${process.execPath}' '${MAIN}' serve -c '${file}'`
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'])
  t.teardown(() => child.kill())
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
  })
  const ended = once(child, 'close')
  await waitFor('the banner', () => /metrics .*\r\n\r\n$/.test(screen))
  t.match(screen, '\u001b[32mINFO \u001b[0m ready ')
  t.match(screen, `  log in     docker login localhost\r\n  audit log  ${auditFile}\r\n`)
  child.stdin.write('\x03')
  t.strictSame(await ended, [0, null])
  t.match(screen, 'shutting down; a second signal ends at once')
})

t.test('a second signal does not wait for anybody', async t => {
  const { file } = setUp(t)
  const server = await start(t, ['-c', file])
  const client = connect(server.ports.http, '127.0.0.1')
  t.teardown(() => client.destroy())
  client.on('error', () => undefined)
  client.write('POST /auth HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf')
  t.ok(await server.isAlive(), 'the server has read what was sent before')
  process.kill(server.pid, 'SIGTERM')
  await waitFor('the shutdown', () => server.output().includes('shutting down'))
  t.equal(await server.stop('SIGTERM'), 1)
})

t.test('a signal during the start is not lost', async t => {
  const { file, auditFile } = setUp(t)
  const { code, out } = await runCli(['-c', file], { signal: 'SIGTERM' })
  t.equal(code, 0)
  t.match(out, 'is running', 'it stops in good order, so it is started first')
  t.strictSame(
    readAudit(auditFile).map(({ action }) => action),
    ['server.start', 'server.stop'],
  )
})

t.test('HUP opens the audit file anew and reloads', async t => {
  const { file, auditFile } = setUp(t)
  const server = await start(t, ['-c', file])
  renameSync(auditFile, `${auditFile}.1`)
  process.kill(server.pid, 'SIGHUP')
  await waitFor('a new audit file', () => existsSync(auditFile))
  await (
    await request(`http://127.0.0.1:${server.ports.http}/auth`, { headers: { host: 'localhost' } })
  ).body.dump()
  await server.stop()
  const actions = [`${auditFile}.1`, auditFile].map(name => readAudit(name).map(({ action }) => action))
  t.strictSame(actions[0], ['server.start'])
  t.strictSame(actions[1]?.toSorted(), ['config.reload', 'server.stop', 'token'])
})

t.test('a reader of its output that goes away does not take it along', async t => {
  const { file } = setUp(t)
  const child = spawn(process.execPath, [MAIN, 'serve', '-c', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const ready = await waitFor('it is ready', () => logged(output, 'ready'))
  child.stdout.destroy()
  child.stderr.destroy()
  for (const signal of ['SIGHUP', 'SIGHUP'] as const) {
    child.kill(signal)
    t.ok(await isAlive(Number(ready['http'])), 'after a line of the log that nobody reads')
  }
  child.kill('SIGTERM')
  t.strictSame(await ended, [0, null])
})

t.test(
  'what keeps it from starting is one line, and the exit code tells a fault of the file from others',
  async t => {
    const blocker = createServer().listen(0, '127.0.0.1')
    t.teardown(() => blocker.close())
    await once(blocker, 'listening')
    const taken = `127.0.0.1:${(blocker.address() as AddressInfo).port}`
    const file = join(tempDir(t), 'a-file')
    writeFileSync(file, '')
    const cases = [
      {
        why: 'a port in use',
        changes: { listen: { https: 'off', http: taken, admin: 'off' } },
        code: 1,
        line: `error: listen.http ${taken}: the address is already in use`,
      },
      {
        why: 'an audit log that cannot be written',
        changes: { audit: { file: join(file, 'audit.jsonl') } },
        code: 1,
        line: /^error: the audit log .*a-file\/audit\.jsonl cannot be opened: /,
      },
      {
        why: 'state that cannot be kept',
        changes: { state_dir: join(file, 'state') },
        code: 1,
        line: /^error: .*a-file\/state\/token: no signing key can be kept here \(ENOTDIR\)$/,
      },
      {
        why: 'a registry program that is not there',
        changes: { registry: { run: { binary: '/nonexistent/registry' } } },
        code: 1,
        line: /^error: registry\.run\.binary: \/nonexistent\/registry is not there/,
      },
      {
        why: 'a key file that cannot be read',
        changes: { token: { issuer: 'test', key: '/nonexistent/a.key', certificate: '/nonexistent/a.pem' } },
        code: 3,
        line: /auth_config\.yml:\d+:\d+: error: token\.(key|certificate): \/nonexistent\/a\./,
      },
      {
        why: 'a fault of the file',
        changes: { acl: [{ match: { acount: 'x' }, actions: [] }] },
        code: 3,
        line: /auth_config\.yml:\d+:\d+: error: acl\.0\.match: unknown key "acount"; did you mean "account"\?$/,
      },
    ]
    for (const { why, changes, code, line } of cases) {
      const { file: config } = setUp(t, changes)
      const { out, err, ...ended } = await runCli(['serve', '-c', config])
      t.strictSame({ code: ended.code, out }, { code, out: '' }, why)
      const said = err.split('\n').filter(text => text !== '' && !text.startsWith('{'))
      t.equal(said.length, 1, err)
      t.match(said[0], line)
    }
  },
)

t.test('the process ends with the exit code of the command', async t => {
  const { file } = setUp(t, { acl: 'none' })
  for (const [args, code] of [
    [['version'], 0],
    [['healthcheck', '-c', setUp(t).file], 1],
    [['frobnicate'], 2],
    [['check', '-c', file], 3],
    [['-c', file], 3],
  ] as const) {
    t.equal((await landwaiter(args)).code, code, args[0])
  }
})

function version(): string {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')).version
}
