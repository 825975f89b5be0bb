import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { parse as parseYaml } from 'yaml'
import { Secret } from '../../src/model/secret.ts'
import { findRegistryBinary } from '../../src/upstream/find-registry.ts'
import { registryConfig } from '../../src/upstream/registry-config.ts'
import { registryEnvironment } from '../../src/upstream/registry-environment.ts'
import { createRegistryLog } from '../../src/upstream/registry-log.ts'
import { loadRegistrySecret } from '../../src/upstream/registry-secret.ts'
import { prepareRegistrySocket } from '../../src/upstream/registry-socket.ts'
import { restartDelay } from '../../src/upstream/restart-delay.ts'

const common = {
  version: 2,
  socket: '/s/registry.sock',
  httpSecret: new Secret('s3cr3t'),
  delete: true,
} as const
const s3 = { kind: 's3', bucket: 'reg', region: 'us-east-1', secure: true, redirect: false } as const

/** As Go's YAML library of the registry reads it. */
const parse = (text: string) => parseYaml(text, { version: '1.1' })

t.test('the configuration of a registry on a file system is complete', async t => {
  const text = registryConfig({ ...common, storage: { kind: 'filesystem', root: '/data' } })
  t.strictSame(parse(text), {
    version: '0.1',
    log: { level: 'warn', formatter: 'json', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: '/data' },
      delete: { enabled: true },
      redirect: { disable: true },
    },
    http: { net: 'unix', addr: '/s/registry.sock', secret: 's3cr3t', draintimeout: '4s' },
  })
})

t.test('settings become what each version of the registry calls them', async t => {
  const keys = { access_key: new Secret('AK'), secret_key: new Secret('a"\u007f\u2028日') }
  const minio = { ...s3, ...keys, endpoint: 'http://minio:9000', root: '/reg', secure: false, redirect: true }
  const driver = {
    bucket: 'reg',
    region: 'us-east-1',
    secure: false,
    regionendpoint: 'http://minio:9000',
    accesskey: 'AK',
    secretkey: 'a"\u007f\u2028日',
    rootdirectory: '/reg',
  }
  const text = registryConfig({ ...common, storage: minio })
  t.strictSame(parse(text).storage.s3, driver)
  t.notMatch(text, /[\u007f-\u009f\u2028\u2029]/, 'YAML forbids them raw')
  t.strictSame(parse(text).storage.redirect, { disable: false })
  t.strictSame(parse(registryConfig({ ...common, version: 3, storage: minio })).storage.s3, {
    ...driver,
    forcepathstyle: true,
  })
  const aws = parse(registryConfig({ ...common, version: 3, delete: false, storage: s3 })).storage
  t.strictSame(aws, {
    s3: { bucket: 'reg', region: 'us-east-1', secure: true },
    delete: { enabled: false },
    redirect: { disable: true },
  })
  const token = { realm: 'https://a/auth', service: 's', issuer: 'i', rootcertbundle: '/c.pem' }
  t.strictSame(parse(registryConfig({ ...common, storage: s3, token })).auth, { token })
})

t.test('the registry gets no variable that would change its configuration', async t => {
  t.strictSame(
    registryEnvironment({
      PATH: '/bin',
      https_proxy: 'http://proxy:3128',
      AWS_ROLE_ARN: 'arn',
      AWS_CA_BUNDLE: '/ca.pem',
      REGISTRY_HTTP_ADDR: ':5000',
      REGISTRY_DOMAIN: 'registry.example.com',
      LANDWAITER_CONFIG: '/x',
      NODE_OPTIONS: '--inspect',
      HOME: undefined,
    }),
    { OTEL_TRACES_EXPORTER: 'none', PATH: '/bin', https_proxy: 'http://proxy:3128', AWS_ROLE_ARN: 'arn' },
  )
  t.match(registryEnvironment({ OTEL_TRACES_EXPORTER: 'otlp' }), { OTEL_TRACES_EXPORTER: 'otlp' })
})

t.test('the distribution registry is told from other programs of that name', async t => {
  const program = (says: string) => `#!/bin/sh\n${says}\n`
  const dir = t.testdir({
    other: { registry: program('echo "registry 1.0 of something else"') },
    silent: { registry: program('exit 1') },
    plain: { registry: 'no program' },
    v2: {
      registry: program('[ "$1" = --version ] && echo "registry github.com/docker/distribution v2.8.3"'),
    },
    v3: { registry: program('echo "registry github.com/distribution/distribution/v3 v3.0.0"') },
    debian: { 'docker-registry': program('echo "docker-registry github.com/docker/distribution 2.8.2+ds1"') },
  })
  for (const name of ['other', 'silent', 'v2', 'v3']) await chmod(join(dir, name, 'registry'), 0o755)
  await chmod(join(dir, 'debian/docker-registry'), 0o755)
  const path = (...names: string[]) => names.map(name => join(dir, name)).join(':')
  const at = (name: string, version: number, release: string) => ({ file: join(dir, name), version, release })
  const cases: readonly (readonly [string, string, string | undefined, object])[] = [
    ['version 2', path('v2'), undefined, at('v2/registry', 2, '2.8.3')],
    ['version 3', path('v3'), undefined, at('v3/registry', 3, '3.0.0')],
    [
      'after another program',
      path('other', 'silent', 'plain', 'v3'),
      undefined,
      at('v3/registry', 3, '3.0.0'),
    ],
    ['registry before docker-registry', path('debian', 'v2'), undefined, at('v2/registry', 2, '2.8.3')],
    ['by Debian', `.::${path('other', 'debian')}`, undefined, at('debian/docker-registry', 2, '2.8.2+ds1')],
    ['by path', '', join(dir, 'v3/registry'), at('v3/registry', 3, '3.0.0')],
    ['by name', path('v2', 'debian'), 'docker-registry', at('debian/docker-registry', 2, '2.8.2+ds1')],
  ]
  for (const [why, search, configured, expected] of cases) {
    const options = configured === undefined ? { path: search } : { path: search, configured }
    t.strictSame(await findRegistryBinary(options), expected, why)
  }
  const code = 'REGISTRY_NOT_FOUND'
  await t.rejects(findRegistryBinary({ path: path('plain') }), {
    code,
    message: /apt-get install docker-registry/,
  })
  await t.rejects(findRegistryBinary({ path: path('other') }), {
    code,
    message: /other\/registry is another program/,
  })
  await t.rejects(findRegistryBinary({ path: path('v2'), configured: '/nowhere/registry' }), {
    code,
    message: /registry\.run\.binary: \/nowhere\/registry is not there.*registry:2/,
  })
})

t.test('the secret is made once, for its owner alone', async t => {
  const file = join(t.testdir(), 'state/registry.secret')
  const secrets = await Promise.all([1, 2, 3, 4].map(() => loadRegistrySecret(file)))
  t.equal(new Set(secrets.map(secret => secret.reveal())).size, 1)
  t.match(secrets[0]?.reveal(), /^[0-9a-f]{64}$/)
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.strictSame(await readdir(join(file, '..')), ['registry.secret'])
  await writeFile(file, '\n')
  await t.rejects(loadRegistrySecret(file), { message: /holds no secret/ })
})

t.test('the socket is in a private folder and its path short enough', async t => {
  const base = await mkdtemp(join(tmpdir(), 'lw-'))
  t.teardown(() => rm(base, { recursive: true }))
  await mkdir(join(base, 'open'), { mode: 0o755 })
  t.equal(await prepareRegistrySocket(join(base, 'open')), join(base, 'open/registry.sock'))
  t.equal((await stat(join(base, 'open'))).mode & 0o777, 0o700)

  const deep = join(base, 'x'.repeat(120))
  const fallback = await prepareRegistrySocket(deep, base)
  t.match(fallback, /\/landwaiter-[0-9a-f]{16}\/registry\.sock$/)
  t.equal(await prepareRegistrySocket(deep, base), fallback, 'the next start finds the same one')
  t.equal((await stat(dirname(fallback))).mode & 0o777, 0o700)

  await rm(dirname(fallback), { recursive: true })
  await symlink(join(base, 'open'), dirname(fallback))
  const code = 'REGISTRY_FAILED'
  await t.rejects(prepareRegistrySocket(deep, base), { code, message: /is not a folder of ours/ })
  await t.rejects(prepareRegistrySocket(deep, deep), { code, message: /short enough for a Unix socket/ })
})

t.test("the registry's lines are passed on at their level, without secrets", async t => {
  const said: unknown[] = []
  const say = (level: string) => (message: string, fields?: object) =>
    void said.push([level, message, fields])
  const log = createRegistryLog({
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
  })
  const stream = new PassThrough()
  log.attach(stream)
  const entry = (level: string, more: object) => JSON.stringify({ level, msg: 'm', time: 'x', ...more })
  const uri = '/v2/a/blobs/uploads/1?_state=secret'
  stream.write(
    `${entry('info', {})}\n${entry('warning', { error: 'e', 'go.version': '1' })}\n${entry('fat', {})}\n{"`,
  )
  stream.write(
    `level":"error","msg":"two chunks"}\n\n${entry('error', { 'http.response.status': 404, 'err.code': 'c' })}\n`,
  )
  stream.write(
    `${entry('error', { 'http.response.status': 500, 'http.request.uri': uri })}\n{panic: no JSON\n{"level":1}\n`,
  )
  stream.write('y'.repeat(10_000))
  stream.write(`${'y'.repeat(10_000)}`)
  stream.write(`${'y'.repeat(50_000)}\nlast`)
  stream.end()
  await once(stream, 'close')
  const source = 'registry'
  t.strictSame(said, [
    ['info', 'm', { source }],
    ['warn', 'm', { source, error: 'e' }],
    ['warn', 'm', { source }],
    ['error', 'two chunks', { source }],
    ['debug', 'm', { source, 'err.code': 'c', 'http.response.status': 404 }],
    ['error', 'm', { source, 'http.response.status': 500, path: '/v2/a/blobs/uploads/1' }],
    ['warn', '{panic: no JSON', { source }],
    ['warn', '{"level":1}', { source }],
    ['warn', 'y'.repeat(16 * 1024), { source }],
    ['warn', 'last', { source }],
  ])
  t.match(log.excerpt(), /^m; m; m; two chunks; last$/)
})

t.test('restarts slow down, and begin anew after a minute of good work', async t => {
  const delays: number[] = []
  for (let index = 0; index < 8; index++) delays.push(restartDelay(delays.at(-1), 100))
  t.strictSame(delays, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  t.equal(restartDelay(30_000, 59_999), 30_000)
  t.equal(restartDelay(30_000, 60_000), 500)
})
