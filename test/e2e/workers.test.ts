import { createHash, randomBytes } from 'node:crypto'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { dockerUnavailable } from '../support/docker-engine.ts'
import { basic, SAMPLE, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { writeOciImage } from '../support/oci-image.ts'
import { createPodman } from '../support/podman.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { createSkopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { requestsByWorker, type WorkerClient, workerClients } from '../support/worker-clients.ts'

const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
const ADMIN = { authorization: basic('admin') }
const digestOf = (bytes: string | Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

async function start(t: Test, config: Readonly<Record<string, unknown>> = {}): Promise<TestLandwaiter> {
  const registry = await startRealRegistry(t)
  return startLandwaiter(t, { config: { workers: 2, registry: { upstream: registry.upstream }, ...config } })
}

/** Exactly two, as `workers: 2` has them. */
async function twoClients(t: Test, lw: TestLandwaiter): Promise<readonly [WorkerClient, WorkerClient]> {
  const [one, two] = await workerClients(t, lw)
  if (one === undefined || two === undefined) throw new Error('there are not two workers')
  return [one, two]
}

function pathOf(location: unknown): URL {
  return new URL(String(location))
}

async function putBlob(
  { request }: Pick<WorkerClient, 'request'>,
  name: string,
  body: string,
): Promise<void> {
  const begun = await request(`/v2/${name}/blobs/uploads/`, { method: 'POST', headers: ADMIN })
  const url = pathOf(begun.headers['location'])
  url.searchParams.set('digest', digestOf(body))
  const ended = await request(url.pathname + url.search, { method: 'PUT', headers: ADMIN, body })
  if (ended.status !== 201) throw new Error(`no blob: ${ended.status} ${ended.text}`)
}

function manifestOf(marker: string): string {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('{}'), size: 2 }
  return JSON.stringify({ schemaVersion: 2, mediaType: IMAGE, config, layers: [], annotations: { marker } })
}

t.test('real clients push and pull through two workers', async t => {
  const lw = await start(t)
  const certDir = tempDir(t)
  copyFileSync(lw.caFile, join(certDir, 'ca.crt'))
  const layout = tempDir(t)
  const image = writeOciImage(layout, { layers: 6, layerBytes: 300_000 })
  const skopeo = createSkopeo(t, { kind: 'ca', certDir })
  const login = { user: 'developer', password: 'developer-password' }
  t.equal((await skopeo.login(lw.host, login)).code, 0)
  t.match(await skopeo.push(image.ref, `${lw.host}/dev-backend/x:1`), { code: 0 })
  const pulled = tempDir(t)
  t.match(await skopeo.pull(`${lw.host}/dev-backend/x:1`, `oci:${pulled}:1`), { code: 0 })
  for (const { digest } of image.layers) {
    const file = join(pulled, 'blobs', digest.replace(':', '/'))
    t.equal(digestOf(readFileSync(file)), digest)
  }
  await t.test('podman', { skip: dockerUnavailable() }, async t => {
    const podman = createPodman(t, { kind: 'ca', certDir })
    t.equal((await podman.login(lw.host, login)).code, 0)
    t.match(await podman.pull(`${lw.host}/dev-backend/x:1`), { code: 0 })
  })
  const counts = await requestsByWorker(lw)
  t.equal(counts.length, 2)
  t.ok(
    counts.every(count => count > 0),
    `both workers serve: ${counts}`,
  )
  const lines = lw.audit()
  const pushed = lines.filter(({ action, kind }) => action === 'push' && kind === 'blob')
  t.strictSame(
    pushed.map(({ digest, size }) => `${digest} ${size}`).sort(),
    [...image.layers, image.config].map(({ digest, size }) => `${digest} ${size}`).sort(),
    'one line for each blob, with its size',
  )
  t.strictSame(
    lines.map(({ seq }) => seq),
    lines.map((_, index) => index + 1),
  )
})

t.test('an upload whose requests reach different workers is one upload', async t => {
  const lw = await start(t)
  const [one, two] = await twoClients(t, lw)
  const parts = ['first ', 'second ', 'third']
  const startedAt = performance.now()
  const begun = await one.request('/v2/dev/x/blobs/uploads/', { method: 'POST', headers: ADMIN })
  let url = pathOf(begun.headers['location'])
  let sent = 0
  for (const [index, body] of parts.slice(0, 2).entries()) {
    const range = `${sent}-${sent + body.length - 1}`
    const headers = { ...ADMIN, 'content-range': range, 'content-type': 'application/octet-stream' }
    const client = index === 0 ? two : one
    const answer = await client.request(url.pathname + url.search, { method: 'PATCH', headers, body })
    t.equal(answer.status, 202)
    sent += body.length
    url = pathOf(answer.headers['location'])
  }
  url.searchParams.set('digest', digestOf(parts.join('')))
  const ended = await two.request(url.pathname + url.search, {
    method: 'PUT',
    headers: ADMIN,
    body: parts[2] ?? '',
  })
  t.equal(ended.status, 201)
  const wholeMs = performance.now() - startedAt
  const lines = lw.audit().filter(({ kind }) => kind === 'blob')
  t.match(lines, [
    { action: 'push', outcome: 'success', size: parts.join('').length, digest: digestOf(parts.join('')) },
  ])
  t.equal(lines.length, 1)
  const duration = lines[0]?.duration_ms ?? -1
  t.ok(duration > 0 && duration <= wholeMs, `the time of the whole upload: ${duration} of ${wholeMs} ms`)
})

t.test('a token that has expired ends an upload that another worker began with it', async t => {
  const lw = await start(t, { token: { expiration: 2 } })
  const [one, two] = await twoClients(t, lw)
  const scope = encodeURIComponent('repository:dev-backend/x:pull,push')
  const realm = await one.request(`/auth?scope=${scope}`, { headers: { authorization: basic('developer') } })
  const headers = { authorization: `Bearer ${JSON.parse(realm.text).token}` }
  const begun = await one.request('/v2/dev-backend/x/blobs/uploads/', { method: 'POST', headers })
  t.equal(begun.status, 202)
  const url = pathOf(begun.headers['location'])
  const isExpired = async () => (await two.request('/v2/dev-backend/x/tags/list', { headers })).status === 401
  await waitFor('the end of the token', isExpired)
  url.searchParams.set('digest', digestOf('late'))
  const ended = await two.request(url.pathname + url.search, { method: 'PUT', headers, body: 'late' })
  t.equal(ended.status, 201)
})

t.test('a tag that must not move has one winner whichever workers are asked', async t => {
  const lw = await start(t, { immutable_tags: [{ name: 'prod/*', tags: ['v*'] }] })
  const clients = await twoClients(t, lw)
  await putBlob(clients[0], 'prod/api', '{}')
  for (let round = 0; round < 10; round += 1) {
    const answers = await Promise.all(
      clients.map(({ request, worker }) =>
        request(`/v2/prod/api/manifests/v${round}`, {
          method: 'PUT',
          headers: { ...ADMIN, 'content-type': IMAGE },
          body: manifestOf(`${round} by ${worker}`),
        }),
      ),
    )
    t.strictSame(answers.map(({ status }) => status).sort(), [201, 403], `round ${round}`)
  }
})

t.test('what one worker deletes or moves no other worker answers from memory', async t => {
  const lw = await start(t, { cache: { tag_ttl: '1m' } })
  const [one, two] = await twoClients(t, lw)
  await putBlob(one, 'dev/x', '{}')
  const put = (body: string) =>
    one.request('/v2/dev/x/manifests/t', {
      method: 'PUT',
      headers: { ...ADMIN, 'content-type': IMAGE },
      body,
    })
  const get = (reference: string) =>
    two.request(`/v2/dev/x/manifests/${reference}`, { headers: { ...ADMIN, accept: IMAGE } })
  for (const marker of ['a', 'b', 'c', 'd']) {
    t.equal((await put(manifestOf(marker))).status, 201)
    t.equal((await get('t')).text, manifestOf(marker), marker)
    t.equal((await get('t')).text, manifestOf(marker), `${marker} again`)
  }
  const digest = digestOf(manifestOf('d'))
  t.equal((await get(digest)).status, 200)
  t.equal(
    (await one.request(`/v2/dev/x/manifests/${digest}`, { method: 'DELETE', headers: ADMIN })).status,
    202,
  )
  t.equal((await get(digest)).status, 404)
})

t.test('lines of all workers are numbered without a gap, one for each request', async t => {
  const lw = await start(t)
  const clients = await twoClients(t, lw)
  const before = lw.audit().length
  const each = 300
  const ids = await Promise.all(
    clients.flatMap(({ request }) =>
      Array.from({ length: each }, async (_, n) => {
        const answer = await request(`/v2/dev/r${n}/tags/list`, { headers: ADMIN })
        return String(answer.headers['x-request-id'])
      }),
    ),
  )
  await waitFor('all lines', () => lw.audit().length >= before + 2 * each)
  const lines = lw.audit()
  t.strictSame(
    lines.map(({ seq }) => seq),
    lines.map((_, index) => index + 1),
  )
  t.strictSame(
    lines
      .slice(before)
      .map(({ id }) => id)
      .sort(),
    ids.sort(),
  )
})

t.test('a pull by digest has the tag that another worker was asked for', async t => {
  const lw = await start(t)
  const [one, two] = await twoClients(t, lw)
  await putBlob(one, 'dev/x', '{}')
  const body = manifestOf('tagged')
  const headers = { ...ADMIN, 'content-type': IMAGE, accept: IMAGE }
  await one.request('/v2/dev/x/manifests/t', { method: 'PUT', headers, body })
  await one.request('/v2/dev/x/manifests/t', { method: 'HEAD', headers })
  await two.request(`/v2/dev/x/manifests/${digestOf(body)}`, { headers })
  const line = await waitFor('the line of the pull', () => lw.audit().find(({ action }) => action === 'pull'))
  t.match(line, { tag: 't', digest: digestOf(body) })
})

t.test('a reload is taken over by all workers or by none', async t => {
  const lw = await start(t)
  const clients = await twoClients(t, lw)
  const edit = (changes: object) =>
    writeFileSync(lw.file, stringify({ ...parse(readFileSync(lw.file, 'utf8')), ...changes }))
  const headers = { authorization: `Bearer ${await lw.token('developer', 'repository:dev-backend/x:pull')}` }
  const statuses = () =>
    Promise.all(
      clients.map(async ({ request }) => (await request('/v2/dev-backend/x/tags/list', { headers })).status),
    )
  t.strictSame(await statuses(), [404, 404])
  edit({ acl: [{ match: { account: 'admin' }, actions: ['*'] }] })
  t.match(await lw.app.reload(), { outcome: 'loaded', restart: [] })
  t.strictSame(await statuses(), [403, 403])
  edit({ acl: SAMPLE.acl, users: 'nobody' })
  t.match(await lw.app.reload(), { outcome: 'rejected' })
  t.strictSame(await statuses(), [403, 403])
  edit({ users: { admin: SAMPLE.users.admin }, workers: 3 })
  t.match(await lw.app.reload(), { outcome: 'loaded', restart: ['workers'] })
  t.strictSame(await statuses(), [401, 401], 'the account is gone')
})

t.test('a password is right or wrong in every worker', async t => {
  const lw = await start(t)
  const clients = await twoClients(t, lw)
  for (const { request } of clients) {
    const wrong = await request('/auth', { headers: { authorization: basic('admin', 'quay') } })
    t.equal(wrong.status, 401)
    t.equal((await request('/auth', { headers: ADMIN })).status, 200)
  }
})

t.test('what programs decide is decided once for all workers', async t => {
  const dir = tempDir(t)
  const seen = join(dir, 'seen')
  const program = join(dir, 'authz.sh')
  writeFileSync(program, `#!/bin/sh\necho asked >>${seen}\nexit 0\n`, { mode: 0o755 })
  const lw = await start(t, { acl: [], ext_authz: { command: program, cache: '1m' } })
  for (const { request } of await twoClients(t, lw))
    t.equal((await request('/v2/any/x/tags/list', { headers: ADMIN })).status, 404)
  t.equal(readFileSync(seen, 'utf8'), 'asked\n')
})

t.test('threads cannot share a Unix socket, which is said', async t => {
  const config = {
    workers: 2,
    tls: { mode: 'off' },
    server: { addr: '/run/x.sock', net: 'unix' },
  }
  const refused: unknown = await startLandwaiter(t, { config }).catch(error => error)
  const message = 'must be 1, since threads cannot share the Unix socket of server.addr'
  t.match(refused, { issues: [{ path: 'workers', message }] })
})

t.test('a port that somebody else has is an error, also one that could be shared', async t => {
  const lw = await start(t)
  const https = `127.0.0.1:${lw.app.ports.https}`
  const listen = { https, http: 'off', admin: 'off' }
  await t.rejects(start(t, { listen }), { message: /^listen\.https .*the address is already in use/ })
})

t.test('without TLS the plain listener is shared', async t => {
  const lw = await start(t, {
    tls: { mode: 'off' },
    listen: { https: 'off', http: '127.0.0.1:0', admin: '127.0.0.1:0' },
  })
  const answers = await Promise.all(Array.from({ length: 20 }, () => lw.request('/v2/', { headers: ADMIN })))
  t.ok(answers.every(({ status }) => status === 200))
  t.equal(
    (await requestsByWorker(lw)).reduce((sum, count) => sum + count, 0),
    20,
  )
})

t.test('a large body is carried whole by either worker', async t => {
  const lw = await start(t)
  const body = randomBytes(3 * 1024 * 1024)
  for (const client of await twoClients(t, lw)) {
    const name = `dev/w${client.worker}`
    const begun = await client.request(`/v2/${name}/blobs/uploads/`, { method: 'POST', headers: ADMIN })
    const url = pathOf(begun.headers['location'])
    url.searchParams.set('digest', digestOf(body))
    const ended = await client.request(url.pathname + url.search, { method: 'PUT', headers: ADMIN, body })
    t.equal(ended.status, 201)
    const got = await client.request(`/v2/${name}/blobs/${digestOf(body)}`, {
      method: 'HEAD',
      headers: ADMIN,
    })
    t.equal(got.headers['content-length'], String(body.length))
  }
})
