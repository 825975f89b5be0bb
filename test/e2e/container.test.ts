import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hash } from 'bcryptjs'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { fillNpmCache, importBaseImages } from '../support/base-images.ts'
import { type DockerEngine, dockerUnavailable, startDockerEngine } from '../support/docker-engine.ts'
import { writeOciImage, writeOciIndex } from '../support/oci-image.ts'
import type { CommandResult } from '../support/run-command.ts'
import { createSkopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const ROOT = join(import.meta.dirname, '../..')
const REGISTRY = 'registry.test'
const AUTH = 'auth.test'
const DEVELOPER = { user: 'developer', password: 'quay side 7' }

t.setTimeout(240_000) // about 50 s on two idle cores

t.test('the container', { skip: dockerUnavailable() }, async t => {
  const engine = await startDockerEngine(t, { network: 'private', hosts: [REGISTRY, AUTH] })
  await importBaseImages(t, engine)
  await buildImage(t, engine)
  await t.test('has what runs and nothing else, for a user that is not root', t => checkImage(t, engine))
  await t.test('accepts the files under config', t => checkFiles(t, engine))
  await t.test('serves docker and skopeo beside a registry by the compose file', t => checkCompose(t, engine))
  await t.test('is gateway and registry in one, and ends the registry with itself', t =>
    checkAllInOne(t, engine),
  )
})

async function buildImage(t: Test, engine: DockerEngine): Promise<void> {
  const build = () =>
    engine.docker(['build', '--tag=landwaiter', ROOT], { env: { DOCKER_BUILDKIT: '1' }, timeoutMs: 180_000 })
  const first = await build()
  if (first.code === 0) return
  if (!first.stderr.includes('ENOTCACHED')) throw new Error(first.stderr)
  await fillNpmCache(t)
  await importBaseImages(t, engine)
  const second = await build()
  if (second.code !== 0) throw new Error(second.stderr)
}

async function checkImage(t: Test, engine: DockerEngine): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const read = async (program: string, ...args: readonly string[]) =>
    (
      await engine.docker(['run', '--rm', '--read-only', `--entrypoint=${program}`, 'landwaiter', ...args])
    ).stdout.trim()
  t.equal(await read('id', '-u'), '1000')
  t.match(await read('landwaiter', 'version'), version)
  t.match(await read('registry', '--version'), /distribution/)
  const modules = await read('node', '--print', 'fs.readdirSync("/app/node_modules").join()')
  t.match(modules, /\bundici\b/)
  t.notMatch(modules, /typescript|biome|\btap\b/, 'development packages stay out')
  t.equal(
    await read('node', '--print', 'fs.readdirSync("/app").sort().join()'),
    'LICENSE,dist,node_modules,package.json',
  )
}

async function checkFiles(t: Test, engine: DockerEngine): Promise<void> {
  const example = `--volume=${join(ROOT, 'config/example.yml')}:/etc/landwaiter/config.yml:ro`
  const name = `--env=REGISTRY_DOMAIN=${REGISTRY}`
  expectSuccess(
    t,
    'config/example.yml',
    await engine.docker(['run', '--rm', example, name, 'landwaiter', 'check']),
  )
  const files = ['compose.yml', 'compose.minio.yml'].map(file => `--file=${join(ROOT, 'config', file)}`)
  const env = { REGISTRY_DOMAIN: REGISTRY, MINIO_ROOT_USER: 'minio', MINIO_ROOT_PASSWORD: 'p$w "x' }
  const rendered = await engine.docker(['compose', ...files, 'config', '--format=json'], { env })
  expectSuccess(t, 'config/compose.minio.yml', rendered)
  const { services } = JSON.parse(rendered.stdout)
  t.match(services.registry.environment, { REGISTRY_STORAGE: 's3', REGISTRY_STORAGE_S3_BUCKET: 'registry' })
  t.strictSame(
    Object.entries<{ ports?: unknown }>(services).flatMap(([service, { ports }]) => (ports ? service : [])),
    ['landwaiter'],
    'nothing but landwaiter can be reached from outside',
  )
  const missing = await engine.docker(['compose', ...files, 'config'], {
    env: { ...env, REGISTRY_DOMAIN: undefined },
  })
  t.match(missing.stderr, /the name of the registry/, 'says which variable is missing')
}

async function checkCompose(t: Test, engine: DockerEngine): Promise<void> {
  const dir = tempDir(t)
  const config = join(dir, 'config.yml')
  writeFileSync(config, stringify(await testConfig({ upstream: 'http://registry:5000', auth: 'none' })))
  const impatient = { services: { landwaiter: { healthcheck: { interval: '1s' } } } }
  writeFileSync(join(dir, 'impatient.yml'), stringify(impatient))
  const files = [join(ROOT, 'config/compose.yml'), join(dir, 'impatient.yml')].map(file => `--file=${file}`)
  const compose = (...args: readonly string[]) =>
    engine.docker(['compose', ...files, ...args], {
      env: { REGISTRY_DOMAIN: REGISTRY, AUTH_DOMAIN: AUTH, CONFIG_FILE: config },
    })
  t.teardown(() => compose('down', '--volumes', '--timeout=1'))

  const up = await compose('up', '--detach', '--no-build', '--wait', '--wait-timeout=60')
  if (up.code !== 0) t.comment((await compose('logs')).stdout)
  expectSuccess(t, 'every service starts and landwaiter says that it is healthy', up)

  const ca = await trustInternalCa(t, engine, compose)
  await pushAndPull(t, engine, ca)
  const audit = await compose('exec', '-T', 'landwaiter', 'cat', '/var/log/landwaiter/audit.jsonl')
  t.match(audit.stdout, /"push".*"team\/multi"/, 'the audit log is in its volume')
  const touch = await compose('exec', '-T', 'landwaiter', 'touch', '/app/x')
  t.match(touch.stderr, /Read-only file system/)

  expectSuccess(t, 'compose stops', await compose('stop'))
  const id = (await compose('ps', '--all', '--quiet', 'landwaiter')).stdout.trim()
  t.equal(await exitCodeOf(engine, id), '0', 'TERM to process 1 ends it, not the KILL after the grace period')
  expectSuccess(
    t,
    'it starts again',
    await compose('up', '--detach', '--no-build', '--wait', '--wait-timeout=60'),
  )
  t.equal(
    (await compose('exec', '-T', 'landwaiter', 'landwaiter', 'ca')).stdout,
    ca.printed,
    'the CA is kept',
  )
}

type Compose = (...args: readonly string[]) => Promise<CommandResult>

interface TrustedCa {
  readonly printed: string
  readonly certDir: string
}

async function trustInternalCa(t: Test, engine: DockerEngine, compose: Compose): Promise<TrustedCa> {
  const certDir = tempDir(t)
  const { stdout } = await compose('exec', '-T', 'landwaiter', 'landwaiter', 'ca')
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\n/.exec(stdout)?.[0] ?? ''
  writeFileSync(join(certDir, 'ca.crt'), pem)
  t.match(pem, 'BEGIN CERTIFICATE', 'landwaiter ca prints the root')
  engine.trust(REGISTRY, join(certDir, 'ca.crt'))
  return { printed: stdout, certDir }
}

async function pushAndPull(t: Test, engine: DockerEngine, { certDir }: TrustedCa): Promise<void> {
  const dir = tempDir(t)
  const image = writeOciImage(dir, { tag: 'one' })
  const multi = writeOciIndex(dir, { tag: 'multi' })
  const pushed = `${REGISTRY}/team/one:1`
  await engine.load(image.ref, pushed)
  await engine.logout(REGISTRY)
  t.match(
    await engine.push(pushed),
    { code: 1, stderr: /denied|unauthorized|authentication/ },
    'no push before login',
  )
  expectSuccess(t, 'docker logs in', await engine.login(REGISTRY, DEVELOPER))
  expectSuccess(t, 'docker pushes', await engine.push(pushed))
  await engine.docker(['rmi', pushed])
  expectSuccess(t, 'docker pulls', await engine.pull(pushed))

  const skopeo = createSkopeo(t, { kind: 'ca', certDir }, engine.enter)
  expectSuccess(t, 'skopeo logs in', await skopeo.login(REGISTRY, DEVELOPER))
  expectSuccess(
    t,
    'skopeo pushes an index',
    await skopeo.push(multi.ref, `${REGISTRY}/team/multi:1`, { all: true }),
  )
  const inspected = await skopeo.inspect(`${REGISTRY}/team/multi:1`)
  t.equal(Buffer.byteLength(inspected.stdout), multi.index.size, 'the index comes back as it was')
}

async function checkAllInOne(t: Test, engine: DockerEngine): Promise<void> {
  const dir = tempDir(t)
  const config = join(dir, 'config.yml')
  writeFileSync(config, stringify(await testConfig({ run: true })))
  const run = [
    'run',
    '--detach',
    '--name=all-in-one',
    '--read-only',
    '--tmpfs=/tmp',
    '--cap-drop=ALL',
    '--health-interval=1s',
  ]
  const mount = `--volume=${config}:/etc/landwaiter/config.yml:ro`
  expectSuccess(
    t,
    'it starts',
    await engine.docker([...run, mount, '--publish=127.0.0.1:443:443', 'landwaiter']),
  )
  await waitFor('all-in-one is healthy', async () => {
    const { stdout } = await engine.docker(['inspect', '--format={{.State.Health.Status}}', 'all-in-one'])
    return stdout.trim() === 'healthy'
  }).catch(async cause => {
    throw new Error((await engine.docker(['logs', 'all-in-one'])).stderr, { cause })
  })
  const exec: Compose = (...args) => engine.docker(['exec', 'all-in-one', ...args.slice(3)])
  await pushAndPull(t, engine, await trustInternalCa(t, engine, exec))
  expectSuccess(t, 'it stops', await engine.docker(['stop', '--time=30', 'all-in-one']))
  t.equal(await exitCodeOf(engine, 'all-in-one'), '0', 'it stopped the registry and drained by itself')
}

async function testConfig(registry: object): Promise<object> {
  return {
    domains: { registry: REGISTRY },
    registry,
    users: { [DEVELOPER.user]: { password: await hash(DEVELOPER.password, 4) } },
    acl: [{ match: { account: DEVELOPER.user, name: 'team/*' }, actions: ['push', 'pull'] }],
  }
}

async function exitCodeOf(engine: DockerEngine, container: string): Promise<string> {
  return (await engine.docker(['inspect', '--format={{.State.ExitCode}}', container])).stdout.trim()
}

function expectSuccess(t: Test, what: string, { code, stdout, stderr }: CommandResult): void {
  t.equal(code, 0, what, code === 0 ? {} : { output: `${stdout}${stderr}`.slice(-4000) })
}
