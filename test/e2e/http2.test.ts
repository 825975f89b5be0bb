import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { askHttp2, connectHttp2 } from '../support/http2-client.ts'
import { basic, startLandwaiter } from '../support/landwaiter.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { runCommand } from '../support/run-command.ts'
import { waitFor } from '../support/wait-for.ts'

const MIB = 1024 * 1024
const ADMIN = { authorization: basic('admin') }

const registry = await startRealRegistry(t)
const landwaiter = await startLandwaiter(t, {
  config: {
    domains: { registry: 'localhost', auth: 'auth.test' },
    listen: { https: '127.0.0.1:0', http: 'off', admin: 'off', h2: true },
    registry: { upstream: registry.upstream, auth: 'none' },
    server: { hsts: true },
  },
})

function digestOf(data: Buffer): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`
}

/** The path of a `Location`. */
function pathOf(location: unknown): string {
  const { pathname, search } = new URL(String(location))
  return pathname + search
}

t.test('a login, a push and a pull over HTTP/2', async t => {
  const session = await connectHttp2(t, landwaiter)
  const login = await askHttp2(session, {
    ':path': '/auth?scope=repository:dev/x:pull,push',
    ...ADMIN,
  })
  t.equal(login.status, 200)
  t.match(login.headers['strict-transport-security'], /^max-age=\d+/)
  const token = { authorization: `Bearer ${JSON.parse(login.body.toString()).token}` }
  const start = () => askHttp2(session, { ':method': 'POST', ':path': '/v2/dev/x/blobs/uploads/', ...token })
  const layer = randomBytes(3 * MIB)
  const config = Buffer.from('{}')

  await t.test('uploads a blob as a whole', async t => {
    const begun = await start()
    t.match(begun, { status: 202, headers: { location: `https://${landwaiter.host}/v2/dev/x/` } })
    const path = `${pathOf(begun.headers['location'])}&digest=${digestOf(config)}`
    const put = { ':method': 'PUT', ':path': path, ...token, 'content-length': config.length }
    t.match(await askHttp2(session, put, config), {
      status: 201,
      headers: { 'docker-content-digest': digestOf(config) },
    })
  })
  await t.test('uploads a blob in chunks, with and without a length', async t => {
    let { headers } = await start()
    for (const [from, length] of [
      [0, MIB],
      [MIB, undefined],
    ] as const) {
      const part = layer.subarray(from, length === undefined ? undefined : from + length)
      const range = { 'content-range': `${from}-${from + part.length - 1}` }
      const size = length === undefined ? {} : { 'content-length': length }
      const patch = { ':method': 'PATCH', ':path': pathOf(headers['location']), ...token, ...range, ...size }
      const answer = await askHttp2(session, patch, part)
      t.equal(answer.status, 202)
      headers = answer.headers
    }
    const path = `${pathOf(headers['location'])}&digest=${digestOf(layer)}`
    t.match(await askHttp2(session, { ':method': 'PUT', ':path': path, ...token }), { status: 201 })
  })
  await t.test('pushes and pulls a manifest', async t => {
    const type = 'application/vnd.oci.image.manifest.v1+json'
    const about = (data: Buffer, mediaType: string) => ({
      mediaType,
      digest: digestOf(data),
      size: data.length,
    })
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: about(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [about(layer, 'application/vnd.oci.image.layer.v1.tar')],
    })
    const path = { ':path': '/v2/dev/x/manifests/1' }
    const put = { ':method': 'PUT', ...path, ...token, 'content-type': type }
    t.match(await askHttp2(session, put, manifest), { status: 201 })
    const head = await askHttp2(session, { ':method': 'HEAD', ...path, ...token, accept: type })
    t.match(head, { status: 200, headers: { 'content-length': String(manifest.length) } })
    t.equal(head.body.length, 0)
    const get = await askHttp2(session, { ...path, ...token, accept: type })
    t.equal(get.body.toString(), manifest)
    const missing = await askHttp2(session, { ':path': '/v2/dev/x/manifests/2', ...token, accept: type })
    t.match(missing, { status: 404, headers: { 'content-type': /^application\/json/ } })
    t.match(missing.body.toString(), 'MANIFEST_UNKNOWN')
  })
  await t.test('pulls a blob byte for byte', async t => {
    const blob = await askHttp2(session, { ':path': `/v2/dev/x/blobs/${digestOf(layer)}`, ...token })
    t.equal(digestOf(blob.body), digestOf(layer))
    const range = { range: 'bytes=10-19' }
    const part = await askHttp2(session, {
      ':path': `/v2/dev/x/blobs/${digestOf(layer)}`,
      ...token,
      ...range,
    })
    t.match(part, { status: 206 })
    t.strictSame(part.body, layer.subarray(10, 20))
  })
  await t.test('writes the same audit lines', async t => {
    const pull = await waitFor('line of the pull', () =>
      landwaiter.audit().find(({ action, digest }) => action === 'pull' && digest === digestOf(layer)),
    )
    t.match(pull, {
      outcome: 'success',
      status: 200,
      bytes_out: layer.length,
      host: landwaiter.host,
      client_ip: '127.0.0.1',
      repository: 'dev/x',
    })
    const push = landwaiter.audit().find(({ action, tag }) => action === 'push' && tag === '1')
    t.match(push, { outcome: 'success', status: 201, host: landwaiter.host })
  })
})

t.test('a blob of 64 MiB goes and comes whole with curl', async t => {
  const file = join(landwaiter.dir, 'blob')
  const blob = randomBytes(64 * MIB)
  writeFileSync(file, blob)
  const curl = (...args: readonly string[]) =>
    runCommand('curl', [
      ...['-sS', '--http2', '--cacert', landwaiter.caFile, '-u', 'admin:admin-password'],
      ...['-w', '%{http_version} %{http_code} %{header_json}', ...args],
    ])
  const start = await curl('-X', 'POST', `${landwaiter.url}/v2/dev/y/blobs/uploads/`)
  t.match(start.stdout, /^2 202 /)
  const location = /"location":\["([^"]+)"\]/.exec(start.stdout)?.[1]
  const put = await curl('-T', file, `${location}&digest=${digestOf(blob)}`)
  t.match(put.stdout, /^2 201 /, put.stderr)
  const back = join(landwaiter.dir, 'back')
  const get = await curl('-o', back, `${landwaiter.url}/v2/dev/y/blobs/${digestOf(blob)}`)
  t.match(get.stdout, /^2 200 /, get.stderr)
  t.equal(digestOf(readFileSync(back)), digestOf(blob))
  const head = await curl('-I', `${landwaiter.url}/v2/dev/y/blobs/${digestOf(blob)}`)
  t.match(head.stdout, new RegExp(`content-length: ${blob.length}`, 'i'))
  const refused = await curl(
    '-T',
    file,
    '-u',
    'developer:developer-password',
    `${location}&digest=${digestOf(blob)}`,
  )
  t.match(refused.stdout, /DENIED.*2 403 /s, refused.stderr)
})

t.test('challenges and refusals are those of HTTP/1.1', async t => {
  const session = await connectHttp2(t, landwaiter)
  const nobody = await askHttp2(session, { ':path': '/v2/' })
  t.match(nobody, {
    status: 401,
    headers: { 'www-authenticate': `Bearer realm="https://auth.test:${landwaiter.host.split(':')[1]}/auth"` },
  })
  const denied = await askHttp2(session, {
    ':path': '/v2/prod/x/manifests/1',
    authorization: basic('developer'),
  })
  t.match(denied, { status: 403, headers: { 'content-type': 'application/json' } })
  t.equal((await askHttp2(session, { ':path': '/v2/', ':authority': 'evil.test' })).status, 421)
  t.equal((await askHttp2(session, { ':path': '/v2' })).status, 301)
})

t.test('a message that is ambiguous in HTTP/1.1 is refused', async t => {
  const session = await connectHttp2(t, landwaiter)
  const blob = `/v2/dev/x/blobs/sha256:${'a'.repeat(64)}`
  const cases = [
    { why: 'GET with a body', headers: { ':method': 'GET', ':path': blob }, body: 'x' },
    { why: 'HEAD with a body', headers: { ':method': 'HEAD', ':path': blob }, body: 'x' },
    {
      why: 'DELETE with an empty body that is announced',
      headers: { ':method': 'DELETE', ':path': blob },
      body: '',
    },
    {
      why: 'a Host beside the authority',
      headers: { ':path': blob, ':authority': landwaiter.host, host: 'evil.test' },
    },
    { why: 'a target that is no path', headers: { ':method': 'OPTIONS', ':path': '*' } },
  ]
  for (const { why, headers, body } of cases) {
    t.equal((await askHttp2(session, { ...headers, ...ADMIN }, body)).status, 400, why)
  }
  t.equal((await askHttp2(session, { ':path': '/v2/', ...ADMIN })).status, 200, 'the connection goes on')
})

t.test('a refused upload does not stop the others of its connection', async t => {
  const session = await connectHttp2(t, landwaiter)
  for (let i = 0; i < 30; i += 1) {
    const patch = {
      ':method': 'PATCH',
      ':path': '/v2/prod/x/blobs/uploads/u',
      authorization: basic('developer'),
    }
    const answer = await askHttp2(session, patch, Buffer.alloc(4 * MIB))
    t.equal(answer.status, 403)
  }
  t.equal((await askHttp2(session, { ':path': '/v2/', ...ADMIN })).status, 200)
})

t.test('100 requests at once on one connection are all answered', async t => {
  const session = await connectHttp2(t, landwaiter)
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      askHttp2(session, { ':path': `/v2/many/${i}/tags/list`, ...ADMIN }),
    ),
  )
  t.strictSame(new Set(answers.map(({ status }) => status)), new Set([404]))
  answers.forEach(({ body }, i) => {
    t.match(body.toString(), `many/${i}`)
  })
})

t.test('nothing was reported as an error', async t => {
  t.strictSame(
    landwaiter.log.filter(({ level }) => level === 'error'),
    [],
  )
  t.ok(existsSync(landwaiter.auditFile))
})
