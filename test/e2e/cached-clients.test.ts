import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { auditLines, putBlob, putManifest, startCachedRegistry } from '../content/cached-registry.ts'
import { askHttp2, connectHttp2 } from '../support/http2-client.ts'
import { basic } from '../support/landwaiter.ts'
import { writeOciImage } from '../support/oci-image.ts'
import { connectRaw, requestHead } from '../support/raw-client.ts'
import { createSkopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { config, layer, MANIFEST_TYPE, manifest } from './parity-content.ts'

const { ask, askRegistry, counts, landwaiter, registry } = await startCachedRegistry(
  t,
  { tag_ttl: '1m' },
  { listen: { https: '127.0.0.1:0', http: 'off', admin: '127.0.0.1:0', h2: true } },
)
const HEADERS = [`Host: ${landwaiter.host}`, `Authorization: ${basic('admin')}`, `Accept: ${MANIFEST_TYPE}`]

/** Puts a manifest into the registry and makes it warm; returns its path. */
async function publish(repository: string, body = manifest): Promise<string> {
  for (const blob of [config, layer]) await putBlob(askRegistry, repository, blob)
  const digest = await putManifest(askRegistry, { repository, type: MANIFEST_TYPE }, body)
  const path = `/v2/${repository}/manifests/${digest}`
  const { status } = await ask(`GET ${path}`, { headers: { accept: MANIFEST_TYPE } })
  t.equal(status, 200)
  return path
}

t.test('HTTP/2 clients get what is in memory', async t => {
  const path = await publish('http2/app')
  const { hit } = await counts('manifests')
  const session = await connectHttp2(t, landwaiter)
  const headers = { ':path': path, authorization: basic('admin'), accept: MANIFEST_TYPE }
  const get = await askHttp2(session, headers)
  t.match(get, { status: 200, body: manifest, headers: { 'content-type': MANIFEST_TYPE } })
  t.ok(get.headers['date'])
  const head = await askHttp2(session, { ...headers, ':method': 'HEAD' })
  t.match(head, { status: 200, headers: { 'content-length': String(manifest.length) } })
  t.equal(head.body.length, 0)
  const known = await askHttp2(session, { ...headers, 'if-none-match': String(get.headers['etag']) })
  t.equal(known.status, 304)
  t.equal((await counts('manifests')).hit, hit + 3)
})

t.test('HTTP/1.0 clients get what is in memory', async t => {
  const path = await publish('http10/app')
  const { hit } = await counts('manifests')
  const client = await connectRaw(t, landwaiter)
  client.socket.write([`GET ${path} HTTP/1.0`, ...HEADERS, '', ''].join('\r\n'))
  await client.closed
  const answer = client.received().toString()
  t.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
  t.ok(answer.endsWith(`\r\n\r\n${manifest}`))
  t.equal((await counts('manifests')).hit, hit + 1)
})

t.test('requests that are sent at once are answered in their order', async t => {
  const path = await publish('pipelined/app')
  const client = await connectRaw(t, landwaiter)
  const close = ['Connection: close']
  client.socket.write(
    requestHead(`GET ${path}`, ...HEADERS) +
      requestHead(`HEAD ${path}`, ...HEADERS) +
      requestHead(`GET ${path}`, ...HEADERS, ...close),
  )
  await client.closed
  const parts = client
    .received()
    .toString()
    .split(/(?=HTTP\/1\.1 )/)
  t.equal(parts.length, 3)
  t.strictSame(
    parts.map(part => part.endsWith(String(manifest))),
    [true, false, true],
  )
})

t.test('a client that leaves in the middle is written down as that', async t => {
  const body = Buffer.from(
    JSON.stringify({ ...JSON.parse(String(manifest)), annotations: { a: 'x'.repeat(1e6) } }),
  )
  const path = await publish('left/app', body)
  const { hit } = await counts('manifests')
  const client = await connectRaw(t, landwaiter, { read: false })
  // More than the buffers between us hold.
  client.socket.write(requestHead(`GET ${path}`, ...HEADERS).repeat(20))
  await waitFor('an answer under way', async () => (await counts('manifests')).hit > hit)
  client.socket.destroy()
  const isAborted = (line: object) => 'outcome' in line && line.outcome === 'aborted'
  const line = await waitFor('its audit line', async () =>
    (await auditLines(landwaiter, 'left/app', 2)).find(isAborted),
  )
  t.match(line, { action: 'pull', status: 200, size: body.length })
  const { bytes_out: out = 0 } = line as { readonly bytes_out?: number }
  t.ok(out < body.length, `${out} of ${body.length} bytes`)
})

t.test('a slow client gets all of it', async t => {
  const body = Buffer.from(
    JSON.stringify({ ...JSON.parse(String(manifest)), annotations: { a: 'y'.repeat(1e6) } }),
  )
  const path = await publish('slow/app', body)
  const client = await connectRaw(t, landwaiter, { read: false })
  client.socket.write(requestHead(`GET ${path}`, ...HEADERS, 'Connection: close').repeat(1))
  const chunks: Buffer[] = []
  for await (const chunk of client.socket.iterator()) {
    chunks.push(chunk)
    await new Promise(resolve => setImmediate(resolve))
  }
  t.ok(Buffer.concat(chunks).subarray(-body.length).equals(body))
})

t.test('skopeo pushes, pulls, moves and deletes over warm caches', async t => {
  const certDir = tempDir(t)
  copyFileSync(landwaiter.caFile, join(certDir, 'ca.crt'))
  const skopeo = createSkopeo(t, { kind: 'ca', certDir })
  await skopeo.login(landwaiter.host, { user: 'admin', password: 'admin-password' })
  const layouts = tempDir(t)
  const ref = `${landwaiter.host}/skopeo/app:v1`
  const done = (result: { readonly code: number | null; readonly stderr: string }) =>
    t.equal(result.code, 0, result.stderr)
  for (const tag of ['one', 'two']) {
    const image = writeOciImage(join(layouts, tag), { tag })
    done(await skopeo.push(image.ref, ref))
    for (const times of ['cold', 'warm']) {
      const inspected = await skopeo.inspect(ref)
      done(inspected)
      t.match(inspected.stdout, image.config.digest, `${tag}, ${times}`)
      done(await skopeo.pull(ref, `oci:${join(layouts, `${tag}-${times}`)}:x`))
    }
  }
  done(await skopeo.delete(ref))
  t.not((await skopeo.inspect(ref)).code, 0)
  t.not((await skopeo.pull(ref, `oci:${join(layouts, 'gone')}:x`)).code, 0)
})

t.test('what is in memory is served while the registry is down', async t => {
  const path = await publish('down/app')
  await registry.stop()
  const headers = { accept: MANIFEST_TYPE }
  t.strictSame((await ask(`GET ${path}`, { headers })).body, manifest)
  t.equal((await ask(`GET ${path.replace(/[0-9a-f]{8}$/, '00000000')}`, { headers })).status, 503)
})
