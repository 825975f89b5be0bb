import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import t from 'tap'
import { type GuardedRegistry, startGuardedRegistry } from '../support/guarded-registry.ts'
import { type RealRegistry, startRealRegistry } from '../support/real-registry.ts'
import { resetSocket } from '../support/reset-socket.ts'
import type { Scope } from '../support/scope.ts'
import { waitFor } from '../support/wait-for.ts'

const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'

const digestOf = (bytes: string | Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Uploads a blob through the guard; returns its descriptor. */
async function putBlob(guarded: GuardedRegistry, name: string, content: string, mediaType: string) {
  const digest = digestOf(content)
  const { headers } = await guarded.request(`/v2/${name}/blobs/uploads/`, { method: 'POST' })
  const location = new URL(String(headers['location']))
  location.searchParams.set('digest', digest)
  const put = await guarded.request(location.pathname + location.search, { method: 'PUT', body: content })
  t.equal(put.status, 201, 'the blob is there')
  return { mediaType, digest, size: content.length }
}

/** An image manifest whose blobs are in the repository. */
async function image(
  guarded: GuardedRegistry,
  name: string,
  config = '{}',
): Promise<(marker: string) => string> {
  const descriptor = await putBlob(guarded, name, config, CONFIG)
  return marker =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: IMAGE,
      config: descriptor,
      layers: [],
      annotations: { marker },
    })
}

const put = (guarded: GuardedRegistry, path: string, body: string, type = IMAGE) =>
  guarded.request(`/v2/${path}`, { method: 'PUT', headers: { 'content-type': type }, body })
const remove = (guarded: GuardedRegistry, path: string) =>
  guarded.request(`/v2/${path}`, { method: 'DELETE' })
const digestAt = async (guarded: GuardedRegistry, path: string) => {
  const { status, headers } = await guarded.request(`/v2/${path}`, {
    method: 'HEAD',
    headers: { accept: `${IMAGE}, ${INDEX}` },
  })
  return status === 200 ? headers['docker-content-digest'] : undefined
}
const errorOf = (text: string): { code: string; message: string; detail?: string } =>
  JSON.parse(text).errors[0]

const GUARDS = {
  immutable_tags: [{ name: 'prod/*', tags: ['v*'] }],
  protected_tags: [{ name: 'prod/*', tags: ['stable'] }],
}

t.test('immutable tags of a real registry', async t => {
  const registry = await startRealRegistry(t)
  const guarded = await startGuardedRegistry(t, registry, GUARDS)
  const manifest = await image(guarded, 'prod/api')

  await t.test('fifty parallel first pushes leave exactly one winner', async t => {
    const bodies = Array.from({ length: 50 }, (_, n) => manifest(`racer ${n}`))
    const answers = await Promise.all(bodies.map(body => put(guarded, 'prod/api/manifests/v1', body)))
    const winners = bodies.filter((_, n) => answers[n]?.status === 201)
    t.equal(winners.length, 1)
    t.equal(answers.filter(({ status }) => status === 403).length, 49)
    t.equal(await digestAt(guarded, 'prod/api/manifests/v1'), digestOf(winners[0] ?? ''))
    const loser = answers.find(({ status }) => status === 403)
    t.match(errorOf(loser?.text ?? ''), {
      code: 'DENIED',
      message:
        /^tag v1 of prod\/api is immutable \(immutable_tags\[0\]\); it is sha256:\w{12}, you push sha256:\w{12}$/,
      detail: /sha256:\w{64}.*sha256:\w{64}/,
    })
    t.equal(guarded.locks.size(), 0)
  })

  await t.test("the same digest may be pushed again, and the answer is the registry's own", async t => {
    const body = manifest('again')
    const first = await put(guarded, 'prod/api/manifests/v2', body)
    const second = await put(guarded, 'prod/api/manifests/v2', body)
    const [direct, again] = [first, second].map(({ status, headers, text }) => ({
      status,
      text,
      digest: headers['docker-content-digest'],
      location: headers['location'],
    }))
    t.strictSame(direct, again)
    t.strictSame(direct, {
      status: 201,
      text: '',
      digest: digestOf(body),
      location: `http://127.0.0.1:${guarded.port}/v2/prod/api/manifests/${digestOf(body)}`,
    })
    const { previousDigest, answered, transfer } = guarded.records.at(-1) ?? {}
    t.match(
      { previousDigest, answered, transfer },
      {
        previousDigest: digestOf(body),
        answered: 201,
        transfer: { status: 201, complete: true, bytesIn: body.length, digest: digestOf(body) },
      },
    )
    t.equal((await put(guarded, 'prod/api/manifests/latest', manifest('a'))).status, 201)
    t.equal((await put(guarded, 'prod/api/manifests/latest', manifest('b'))).status, 201, 'other tags move')
  })

  await t.test("the registry's errors come through as they are", async t => {
    const garbage = await put(guarded, 'prod/api/manifests/v9', 'garbage')
    t.match(garbage, { status: 400, text: /MANIFEST_INVALID/ })
    const wrong = await put(guarded, `prod/api/manifests/${digestOf('x')}`, manifest('x'))
    t.match(wrong, {
      status: 400,
      text: /"DIGEST_INVALID","message":"provided digest did not match uploaded content"/,
    })
    const missing = await remove(guarded, `prod/api/manifests/${digestOf('x')}`)
    t.match(missing, { status: 404, text: /MANIFEST_UNKNOWN/ })
  })

  await t.test('413 answers more than 4 MiB, by its length or as it comes', async t => {
    const large = Buffer.alloc(4 * 1024 * 1024 + 1, 'x')
    const byLength = await put(guarded, 'prod/api/manifests/v3', large.toString())
    t.match(byLength, { status: 413, text: /SIZE_INVALID/ })
    const announced = await rawPut(guarded, 'Content-Length: 99999999\r\nExpect: 100-continue', '')
    t.match(announced, /^HTTP\/1.1 413 /, 'before the client is asked for it')
    const chunk = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`
    t.match(await rawPut(guarded, 'Transfer-Encoding: chunked', chunk), /^HTTP\/1.1 413 /)
  })

  await t.test('who waits to be asked for the body is asked once', async t => {
    const body = manifest('expect')
    const head = `Content-Length: ${body.length}\r\nExpect: 100-continue\r\nContent-Type: ${IMAGE}`
    const answer = await rawPut(guarded, head, body)
    t.match(answer, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 201 Created/)
  })

  await t.test('a client that breaks off leaves the tag alone and free', async t => {
    const socket = connect(guarded.port, '127.0.0.1')
    const body = manifest('broken')
    socket.write(
      `PUT /v2/prod/api/manifests/v7 HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n{`,
    )
    const before = guarded.records.length
    socket.on('connect', () => setImmediate(() => resetSocket(socket)))
    const record = await waitFor('the end of the push', () => guarded.records[before])
    t.match(record, { transfer: { status: 499, complete: false } })
    t.equal((await put(guarded, 'prod/api/manifests/v7', manifest('whole'))).status, 201)
  })
})

/** A PUT on a connection of its own: what the server answers until it closes or the answer's head is there. */
async function rawPut(guarded: GuardedRegistry, head: string, body: string): Promise<string> {
  const socket = connect(guarded.port, '127.0.0.1')
  socket.on('error', () => undefined)
  let received = ''
  socket.on('data', chunk => {
    received += chunk
  })
  socket.write(`PUT /v2/prod/api/manifests/v5 HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\n`)
  if (!head.includes('Expect')) socket.write(body)
  else if (body !== '') {
    await waitFor('100 Continue', () => received.includes('100 Continue'))
    socket.write(body)
  }
  await waitFor('the answer', () => /HTTP\/1.1 [2-5]\d\d .*\r\n\r\n/s.test(received))
  socket.destroy()
  return received
}

async function deletions(t: Scope, registry: RealRegistry) {
  const guarded = await startGuardedRegistry(t, registry, { ...GUARDS, denied: ['delete:team'] })
  const manifest = await image(guarded, 'prod/api')
  const tag = async (marker: string, ...tags: readonly string[]) => {
    for (const name of tags) await put(guarded, `prod/api/manifests/${name}`, manifest(marker))
    return digestOf(manifest(marker))
  }
  return { guarded, manifest, tag }
}

t.test('deletion protection on a real registry 2.8', async t => {
  const registry = await startRealRegistry(t)
  const { guarded, manifest, tag } = await deletions(t, registry)

  await t.test('a digest with a protected sibling tag stays and its tags are named', async t => {
    const digest = await tag('kept', 'dev', 'stable', 'v1')
    const refused = await remove(guarded, `prod/api/manifests/${digest}`)
    t.equal(refused.status, 403)
    t.match(errorOf(refused.text), { code: 'DENIED', message: /as the tags stable, v1 would go$/ })
    t.equal(await digestAt(guarded, 'prod/api/manifests/dev'), digest)
    const team = await tag('team', 'dev', 'team')
    t.match(
      errorOf((await remove(guarded, `prod/api/manifests/${team}`)).text).message,
      /as the tag team would go/,
    )
    t.equal(await digestAt(guarded, 'prod/api/manifests/team'), team)
  })

  await t.test('a digest without one goes with all its tags, which the record names', async t => {
    const digest = await tag('gone', 'one', 'two')
    t.equal((await remove(guarded, `prod/api/manifests/${digest}`)).status, 202)
    t.strictSame(guarded.records.at(-1)?.removedTags, ['one', 'two'])
    t.equal(await digestAt(guarded, 'prod/api/manifests/one'), undefined)
    t.equal(await digestAt(guarded, 'prod/api/manifests/two'), undefined)
    t.ok(await digestAt(guarded, 'prod/api/manifests/stable'))
  })

  await t.test('a child of a protected index stays', async t => {
    const child = manifest('child')
    await put(guarded, `prod/api/manifests/${digestOf(child)}`, child)
    const descriptor = { mediaType: IMAGE, digest: digestOf(child), size: child.length }
    const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [descriptor] })
    t.equal((await put(guarded, 'prod/api/manifests/v8', index, INDEX)).status, 201)
    const refused = await remove(guarded, `prod/api/manifests/${digestOf(child)}`)
    t.match(errorOf(refused.text).message, /cannot be deleted \(immutable_tags\[0\]\), as it is part of v8$/)
    t.equal(await digestAt(guarded, `prod/api/manifests/${digestOf(child)}`), digestOf(child))
  })

  await t.test('a single tag cannot go, and the answer says what to do', async t => {
    const digest = await tag('tagged', 'x', 'y', 'z')
    const answer = await remove(guarded, 'prod/api/manifests/x')
    t.equal(answer.status, 405)
    t.strictSame(errorOf(answer.text), {
      code: 'UNSUPPORTED',
      message: `registry 2.8 cannot delete a single tag; delete its digest ${digest.slice(0, 19)} instead, which also removes y, z`,
      detail: `digest ${digest}; tags x, y, z`,
    })
    t.match(errorOf((await remove(guarded, 'prod/api/manifests/v1')).text), {
      code: 'DENIED',
      message: 'tag v1 of prod/api is protected from deletion (immutable_tags[0])',
    })
  })
})

t.test('a registry 2.8 that does not delete says so', async t => {
  const registry = await startRealRegistry(t, { allowDelete: false })
  const { guarded, tag } = await deletions(t, registry)
  const digest = await tag('a', 'x')
  t.match(await remove(guarded, `prod/api/manifests/${digest}`), { status: 405, text: /UNSUPPORTED/ })
  t.match(errorOf((await remove(guarded, 'prod/api/manifests/x')).text), {
    code: 'UNSUPPORTED',
    message: 'the registry does not delete: storage.delete.enabled is off there',
  })
})

const registry3 = process.env['LANDWAITER_REGISTRY3']

t.test(
  'registry 3 deletes a single tag',
  { skip: registry3 === undefined && 'no registry 3 here' },
  async t => {
    const registry = await startRealRegistry(t, { binary: registry3 ?? '' })
    const { guarded, tag } = await deletions(t, registry)
    const digest = await tag('a', 'x', 'y', 'v1')
    t.equal((await remove(guarded, 'prod/api/manifests/x')).status, 202)
    t.equal(guarded.records.at(-1)?.previousDigest, digest)
    t.equal(await digestAt(guarded, 'prod/api/manifests/x'), undefined)
    t.equal(await digestAt(guarded, 'prod/api/manifests/y'), digest)
    t.equal((await remove(guarded, 'prod/api/manifests/v1')).status, 403)
    t.match(
      errorOf((await remove(guarded, `prod/api/manifests/${digest}`)).text).message,
      /as the tag v1 would go/,
    )
  },
)

t.test('manifest rules see what a real registry has', async t => {
  const registry = await startRealRegistry(t)
  const guarded = await startGuardedRegistry(t, registry, {
    manifest_rules: [{ name: 'prod/*', max_size: 100, required_labels: ['vendor=Acme'] }],
  })
  const labelled = await image(guarded, 'prod/api', '{"config":{"Labels":{"vendor":"Acme"}}}')
  const bare = await image(guarded, 'prod/api', '{"config":{}}')
  const large = await image(guarded, 'prod/api', JSON.stringify({ config: {}, history: 'x'.repeat(100) }))
  t.equal((await put(guarded, 'prod/api/manifests/ok', labelled('1'))).status, 201)
  const refusal = async (path: string, body: string, type?: string) => {
    const { status, text } = await put(guarded, `prod/api/manifests/${path}`, body, type)
    t.equal(status, 403)
    return errorOf(text).message
  }
  t.match(
    await refusal('bare', bare('1')),
    /^manifest_rules\[0\] refuses prod\/api:bare: .* lacks the label vendor$/,
  )
  t.match(await refusal('large', large('1')), /bytes large, more than the 100 allowed$/)
  t.match(
    await refusal(digestOf(large('1')), large('1')),
    /refuses prod\/api: the manifest is/,
    'by digest too',
  )
  const child = bare('child')
  t.equal((await put(guarded, `prod/api/manifests/${digestOf(child)}`, child)).status, 201, 'not yet tagged')
  const descriptor = { mediaType: IMAGE, digest: digestOf(child), size: child.length }
  const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [descriptor] })
  t.match(await refusal('multi', index, INDEX), /holds sha256:\w{12}, which lacks the label vendor$/)
})
