import { createHash, randomBytes } from 'node:crypto'
import { copyFileSync, readFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { type OciImage, writeOciImage, writeOciIndex } from '../support/oci-image.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { createSkopeo, type Skopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { checkCookbook } from './audit-cookbook.ts'
import { expectLines, lineOf, pulled, pushed, subject } from './audit-log-lines.ts'
import { checkFail2ban, checkOrder } from './audit-log-readers.ts'
import { auditRows, authorizationOf } from './audit-log-rows.ts'

const ACL = [
  { match: { account: 'admin' }, actions: ['*'] },
  { match: { account: 'developer', name: 'team/*' }, actions: ['pull', 'push', 'delete'] },
  { match: { account: '', name: 'public/*' }, actions: ['pull'] },
]
const BIG = 64 * 1024 * 1024
const SCOPE = 'repository:team/web:pull,push,delete'

interface Site {
  readonly landwaiter: TestLandwaiter
  readonly skopeo: Skopeo
  readonly image: OciImage
  readonly second: OciImage
}

t.test('the audit log', async t => {
  const { upstream } = await startRealRegistry(t)
  const landwaiter = await startLandwaiter(t, { config: { acl: ACL, registry: { upstream, auth: 'none' } } })
  const certDir = tempDir(t)
  copyFileSync(landwaiter.caFile, join(certDir, 'ca.crt'))
  const dir = tempDir(t)
  const site = {
    landwaiter,
    skopeo: createSkopeo(t, { kind: 'ca', certDir }),
    image: writeOciImage(dir, { tag: 'one' }),
    second: writeOciImage(dir, { tag: 'two', layers: 1 }),
  }
  await t.test('tells what skopeo did', t => checkSkopeo(t, site))
  await t.test('tells what skopeo did with an index', t => checkIndex(t, site))
  await t.test('tells of each request by its X-Request-Id', t => checkRequests(t, site))
  await t.test('counts the bytes of a transfer that was cut short', t => checkAborted(t, site))
  await t.test("answers the README's questions", t => checkCookbook(t, landwaiter))
  await t.test('has its keys in the documented order', t => checkOrder(t, landwaiter))
  await t.test('tells fail2ban the real address and no other', t => checkFail2ban(t, landwaiter))
})

async function checkSkopeo(t: Test, { landwaiter, skopeo, image, second }: Site): Promise<void> {
  const { host } = landwaiter
  const web = `${host}/team/web`
  const leaves = expectLines(t, landwaiter)
  const { digest, size } = image.manifest
  const login = skopeo.login(host, { user: 'developer', password: 'developer-password' })
  await leaves('logs in', login, ['login session success'])
  await leaves('pushes', skopeo.push(image.ref, `${web}:1.4.2`), [
    ...pushed('team/web', [image.config, ...image.layers]),
    `push manifest success team/web:1.4.2 ${digest} size=${size} in=${size}`,
  ])
  await leaves('pulls', skopeo.pull(`${web}:1.4.2`, `oci:${tempDir(t)}:1`), [
    ...pulled('team/web', [image.config, ...image.layers]),
    `pull manifest success team/web:1.4.2 ${digest} size=${size} out=${size}`,
  ])
  await leaves('copies', skopeo.copy(`${web}:1.4.2`, `${host}/team/copy:1`), [
    ...image.layers.map(layer => `mount blob success team/copy ${layer.digest} from=team/web`),
    ...pulled('team/web', [image.config]),
    ...pushed('team/copy', [image.config]),
    `pull manifest success team/web:1.4.2 ${digest} size=${size} out=${size}`,
    `push manifest success team/copy:1 ${digest} size=${size} in=${size}`,
  ])
  await leaves('pushes again', skopeo.push(image.ref, `${web}:1.4.2`), [
    `push manifest success team/web:1.4.2 ${digest} size=${size} in=${size}`,
  ])
  const over = second.manifest
  await leaves('overwrites', skopeo.push(second.ref, `${web}:1.4.2`), [
    ...pushed('team/web', [second.config, ...second.layers]),
    `overwrite manifest success team/web:1.4.2 ${over.digest} before=${digest} size=${over.size} in=${over.size}`,
  ])
  const push = landwaiter.audit().findLast(({ action }) => action === 'overwrite')
  const imageSize = [second.config, ...second.layers].reduce((sum, part) => sum + part.size, 0)
  t.match(
    push,
    { image_size: imageSize, product: /^skopeo [\d.]+$/ },
    'and the image is as large as its parts',
  )
  await leaves('deletes', skopeo.delete(`${host}/team/copy:1`), [
    `pull manifest success team/copy:1 ${digest} size=${size} out=${size}`,
    `delete manifest success team/copy ${digest}`,
  ])
  t.strictSame(landwaiter.audit().findLast(({ action }) => action === 'delete')?.removed_tags, ['1'])
}

async function checkIndex(t: Test, { landwaiter, skopeo }: Site): Promise<void> {
  const dir = tempDir(t)
  const multi = writeOciIndex(dir, { layers: 1 })
  const { digest, size } = multi.index
  const blobs = multi.images.flatMap(({ config, layers }) => [config, ...layers])
  const manifests = multi.images.map(({ manifest }) => manifest)
  const leaves = expectLines(t, landwaiter)
  const ref = `${landwaiter.host}/team/multi:1`
  await leaves('pushes', skopeo.push(multi.ref, ref, { all: true }), [
    ...pushed('team/multi', blobs),
    ...pushed('team/multi', manifests, 'manifest'),
    `push index success team/multi:1 ${digest} size=${size} in=${size}`,
  ])
  await leaves('pulls', skopeo.pull(ref, `oci:${dir}/pulled:1`, { all: true }), [
    ...pulled('team/multi', blobs),
    ...pulled('team/multi', manifests, 'manifest'),
    `pull index success team/multi:1 ${digest} size=${size} out=${size}`,
  ])
}

async function checkRequests(t: Test, { landwaiter, second }: Site): Promise<void> {
  const { request: send, token } = landwaiter
  const tokens = {
    dev: await token('developer', SCOPE),
    admin: await token('admin', 'registry:catalog:*', 'repository:team/web:pull'),
    nobody: await token('', 'repository:public/x:pull,push'),
  }
  const headers = { authorization: `Bearer ${tokens.dev}` }
  const upload = await send('/v2/team/web/blobs/uploads/', { method: 'POST', headers })
  const { pathname, search } = new URL(String(upload.headers['location']))
  for (const row of auditRows(second, `${pathname}${search}`)) {
    const [method = '', path = ''] = row.ask.split(' ')
    const answer = await send(path, {
      method,
      headers: {
        authorization: authorizationOf(row, tokens),
        accept: second.manifest.mediaType,
        ...(row.userAgent === undefined ? {} : { 'user-agent': row.userAgent }),
      },
      ...(row.body === undefined ? {} : { body: row.body }),
    })
    const line = await lineOf(landwaiter, String(answer.headers['x-request-id']))
    t.equal(subject(line), row.line, row.ask)
    const named = Object.keys(row.fields ?? {}).map(key => [key, line[key as keyof typeof line]])
    t.strictSame(Object.fromEntries(named), row.fields ?? {}, `${row.ask} in detail`)
    const { bytes_out: bytesOut = 0 } = line
    if (line.outcome === 'success' && /pull|list/.test(line.action)) t.equal(bytesOut, answer.text.length)
  }
}

async function checkAborted(t: Test, { landwaiter }: Site): Promise<void> {
  const { request: send, token, url, caFile } = landwaiter
  const headers = { authorization: `Bearer ${await token('developer', SCOPE)}` }
  const ca = readFileSync(caFile)
  const blob = randomBytes(BIG)
  const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`
  const start = await send('/v2/team/web/blobs/uploads/', { method: 'POST', headers })
  const { pathname, search } = new URL(String(start.headers['location']))
  const path = `${pathname}${search}&digest=${digest}`
  const whole = await send(path, { method: 'PUT', headers, body: blob })
  t.match(await lineOf(landwaiter, String(whole.headers['x-request-id'])), { bytes_in: BIG, size: BIG })

  const dispatcher = new Agent({ connect: { ca } })
  t.teardown(() => dispatcher.destroy())
  const download = await request(`${url}/v2/team/web/blobs/${digest}`, { headers, dispatcher })
  for await (const _ of download.body) break // leaving the loop cuts the connection
  const cut = await lineOf(landwaiter, String(download.headers['x-request-id']))
  t.match(cut, { action: 'pull', kind: 'blob', outcome: 'aborted', status: 200, size: BIG, digest })
  t.ok(cut.bytes_out !== undefined && cut.bytes_out > 0 && cut.bytes_out < BIG, `${cut.bytes_out} bytes`)

  const second = await send('/v2/team/web/blobs/uploads/', { method: 'POST', headers })
  const session = new URL(String(second.headers['location']))
  const req = httpsRequest(session, { method: 'PATCH', headers: { ...headers, 'content-length': BIG }, ca })
  req.on('error', () => undefined) // it is cut by ourselves
  req.write(blob.subarray(0, BIG / 64), () => req.destroy())
  const find = () =>
    landwaiter.audit().find(line => line.method === 'PATCH' && line.path === session.pathname)
  const left = await waitFor('the line of a cut upload', find)
  t.match(left, { action: 'push', kind: 'blob', outcome: 'aborted', repository: 'team/web' })
  t.ok((left.bytes_in ?? 0) <= BIG / 64, `${left.bytes_in} bytes`)
}
