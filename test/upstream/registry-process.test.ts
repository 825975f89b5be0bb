import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { Secret } from '../../src/model/secret.ts'
import { createUpstreamClient } from '../../src/upstream/client.ts'
import { findRegistryBinary } from '../../src/upstream/find-registry.ts'
import { registryConfig } from '../../src/upstream/registry-config.ts'
import { createRegistryProcess, type RegistryStatus } from '../../src/upstream/registry-process.ts'
import { prepareRegistrySocket } from '../../src/upstream/registry-socket.ts'

const REGISTRY = await findRegistryBinary({ path: process.env['PATH'] ?? '' })

async function setUp(t: Test) {
  const dir = await mkdtemp(join(tmpdir(), 'lw-'))
  t.teardown(() => rm(dir, { recursive: true }))
  return optionsIn(dir)
}

async function optionsIn(dir: string) {
  const socket = await prepareRegistrySocket(join(dir, 'run'))
  const config = registryConfig({
    version: REGISTRY.version,
    socket,
    storage: { kind: 'filesystem', root: join(dir, 'data') },
    httpSecret: new Secret('s3cr3t'),
    delete: true,
  })
  const silent = { debug() {}, info() {}, warn() {}, error() {} }
  return {
    binary: REGISTRY.file,
    config,
    dir: join(dir, 'run'),
    socket,
    log: silent,
    clock: Date.now,
    env: { PATH: process.env['PATH'], REGISTRY_HTTP_ADDR: ':1', AWS_CA_BUNDLE: '/nowhere' },
  }
}

/** Statuses as they come; `until` waits for the next one of that name. */
function statusWatch() {
  const seen: RegistryStatus[] = []
  const waiting: { readonly status: RegistryStatus; readonly resolve: () => void }[] = []
  return {
    seen,
    onStatus: (status: RegistryStatus) => {
      seen.push(status)
      for (const waiter of waiting.splice(0))
        if (waiter.status === status) waiter.resolve()
        else waiting.push(waiter)
    },
    until: (status: RegistryStatus) => new Promise<void>(resolve => void waiting.push({ status, resolve })),
  }
}

async function ping(socket: string): Promise<number> {
  const client = createUpstreamClient({ kind: 'unix', path: socket })
  try {
    return (await client.head('/v2/', { method: 'GET' })).status
  } finally {
    await client.close()
  }
}

/** A zombie, which waits for its parent to look, has no command line. */
async function isAlive(pid: number | undefined): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')) !== ''
}

t.test('a registry answers on its private socket until it is stopped', async t => {
  const options = await setUp(t)
  const watch = statusWatch()
  const registry = createRegistryProcess({ ...options, onStatus: watch.onStatus })
  t.equal(registry.status(), 'stopped')
  t.teardown(() => registry.stop())
  await registry.start()
  const pid = registry.pid() ?? 0
  t.equal(await ping(options.socket), 200)
  t.equal((await stat(options.dir)).mode & 0o777, 0o700)
  t.equal((await stat(join(options.dir, 'registry.yml'))).mode & 0o777, 0o600)
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8')
  t.notMatch(environment, /REGISTRY_|AWS_CA_BUNDLE/)
  await t.rejects(registry.start(), { name: 'TypeError' })

  await registry.stop()
  t.notOk(await isAlive(pid))
  t.equal(registry.pid(), undefined)
  await t.rejects(stat(options.socket), { code: 'ENOENT' })
  await t.rejects(stat(join(options.dir, 'registry.pid')), { code: 'ENOENT' })
  t.strictSame(watch.seen, ['starting', 'running', 'stopped'])
})

t.test('a registry that is killed comes back, more slowly each time', async t => {
  const options = await setUp(t)
  const watch = statusWatch()
  const slept: number[] = []
  const sleep = async (ms: number) => void slept.push(ms)
  const registry = createRegistryProcess({ ...options, sleep, onStatus: watch.onStatus })
  t.teardown(() => registry.stop())
  await registry.start()
  const pids = [registry.pid()]
  for (let round = 0; round < 2; round++) {
    const back = watch.until('running')
    process.kill(pids.at(-1) ?? 0, 'SIGKILL')
    await back
    t.equal(await ping(options.socket), 200)
    pids.push(registry.pid())
  }
  t.equal(new Set(pids).size, 3)
  t.strictSame(slept, [500, 1000])
  t.strictSame(watch.seen, ['starting', 'running', 'restarting', 'running', 'restarting', 'running'])
})

t.test('a restart that fails is tried again, and stop ends the waiting', async t => {
  const options = await setUp(t)
  const binary = join(options.dir, 'registry')
  const wrapper = `#!/bin/sh\nexec ${REGISTRY.file} "$@"\n`
  await writeFile(binary, wrapper)
  await chmod(binary, 0o700)
  const slept: number[] = []
  const third = Promise.withResolvers<void>()
  const sleep = (ms: number, signal: AbortSignal) => {
    slept.push(ms)
    if (slept.length < 3) return Promise.resolve()
    third.resolve()
    return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }
  const registry = createRegistryProcess({ ...options, binary, sleep })
  t.teardown(() => registry.stop())
  await registry.start()
  await writeFile(binary, '#!/bin/sh\nexit 7\n')
  process.kill(registry.pid() ?? 0, 'SIGKILL')
  await third.promise
  t.strictSame(slept, [500, 1000, 2000])
  t.equal(registry.status(), 'restarting')
  await registry.stop()
  t.equal(registry.status(), 'stopped')
})

t.test('a registry that does not come up says why', async t => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    ['a wrong configuration', { config: '{"version":"0.1","storage":{"nosuch":{}}}' }, /exit code 2.*nosuch/],
    ['no such program', { binary: '/nowhere/registry' }, /cannot be started: .*ENOENT/],
  ]
  for (const [why, wrong, message] of cases) {
    const registry = createRegistryProcess({ ...(await setUp(t)), ...wrong })
    await t.rejects(registry.start(), { code: 'REGISTRY_FAILED', message }, why)
    t.equal(registry.status(), 'stopped')
    await registry.stop()
  }
})

t.test('stop ends a registry that is still starting', async t => {
  const options = await setUp(t)
  const binary = join(options.dir, 'registry')
  await writeFile(binary, '#!/bin/sh\necho waiting\nexec sleep 1000\n')
  await chmod(binary, 0o700)
  const waiting = Promise.withResolvers<void>()
  const log = { ...options.log, warn: () => waiting.resolve() }
  const registry = createRegistryProcess({ ...options, binary, log })
  const started = t.rejects(registry.start(), { code: 'REGISTRY_FAILED', message: /it was stopped/ })
  await waiting.promise
  await registry.stop()
  await started
  t.equal(registry.status(), 'stopped')
})

t.test('a file in the place of the socket is left alone, a stale socket is not', async t => {
  const options = await setUp(t)
  await writeFile(options.socket, 'precious')
  const blocked = createRegistryProcess(options)
  await t.rejects(blocked.start(), { code: 'REGISTRY_FAILED', message: /in the way/ })
  t.equal(await readFile(options.socket, 'utf8'), 'precious')
  await rm(options.socket)

  const holder = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(options.socket)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ])
  await once(holder, 'close')
  t.ok((await stat(options.socket)).isSocket())
  const registry = createRegistryProcess(options)
  t.teardown(() => registry.stop())
  await registry.start()
  t.equal(await ping(options.socket), 200)
})

t.test('a registry left behind by a killed process is ended, that of a living one is not', async t => {
  const options = await setUp(t)
  const source = new URL('../../src/upstream/registry-process.ts', import.meta.url).href
  const { log: _, clock: __, ...plain } = options
  const script = `
    const { createRegistryProcess } = await import('${source}')
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const registry = createRegistryProcess({ ...${JSON.stringify(plain)}, log, clock: Date.now })
    await registry.start()
    console.log(registry.pid())`
  const earlier = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => earlier.kill('SIGKILL'))
  const [line] = await once(createInterface(earlier.stdout), 'line')
  const orphan = Number(line)
  t.teardown(async () => void ((await isAlive(orphan)) && process.kill(orphan, 'SIGKILL')))
  t.ok(await isAlive(orphan))

  const second = createRegistryProcess(options)
  await t.rejects(second.start(), { code: 'REGISTRY_FAILED', message: /runs this registry already/ })
  await second.stop()
  t.ok(await isAlive(orphan))
  t.equal(await ping(options.socket), 200, 'the other one is not disturbed')

  earlier.kill('SIGKILL')
  await once(earlier, 'close')
  t.ok(await isAlive(orphan))
  const registry = createRegistryProcess(options)
  t.teardown(() => registry.stop())
  await registry.start()
  t.notOk(await isAlive(orphan))
  t.not(registry.pid(), orphan)
  t.equal(await ping(options.socket), 200)
})

t.test('a noted pid that is another process now is not touched', async t => {
  const options = await setUp(t)
  const bystander = spawn('sleep', ['1000'])
  t.teardown(() => bystander.kill('SIGKILL'))
  for (const note of [
    JSON.stringify({ pid: bystander.pid, parent: 1 }),
    '{"pid":',
    '{"pid":1,"parent":1}',
    '7',
  ]) {
    await writeFile(join(options.dir, 'registry.pid'), note)
    const registry = createRegistryProcess(options)
    await registry.start()
    await registry.stop()
    t.ok(await isAlive(bystander.pid), note)
  }
})
