import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { basic, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { startMoto } from '../support/moto.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { waitFor } from '../support/wait-for.ts'

const authorization = basic('admin')
const bytes = randomBytes(3 * 1024 * 1024)
const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const BLOB = `/v2/a/blobs/${digest}`

const moto = await startMoto(t)
const { upstream } = await startRealRegistry(t, { s3: moto })

t.test('a registry with its blobs in S3', async t => {
  await t.test('sends clients there, as long as nothing else is said', async t => {
    const landwaiter = await before(t, {})
    await push(landwaiter)
    const answer = await landwaiter.request(BLOB, { headers: { authorization } })
    t.equal(answer.status, 307)
    t.equal(new URL(String(answer.headers['location'])).host, moto.host)
    t.match(await pulls(landwaiter, 1), [{ outcome: 'success', redirected: true }])
  })

  await t.test('has its blobs streamed from there by follow', async t => {
    const landwaiter = await before(t, { redirects: 'follow', redirect_hosts: [moto.host] })
    const whole = await get(landwaiter)
    t.strictSame(
      [whole.status, whole.headers['content-length'], whole.headers['docker-content-digest']],
      [200, String(bytes.length), digest],
    )
    t.ok(whole.body.equals(bytes), 'byte for byte')
    t.notOk(
      Object.keys(whole.headers).some(name => name.startsWith('x-amz')),
      'nothing of the storage',
    )
    const part = await get(landwaiter, { range: 'bytes=10-19' })
    t.strictSame([part.status, part.headers['content-range']], [206, `bytes 10-19/${bytes.length}`])
    t.ok(part.body.equals(bytes.subarray(10, 20)))
    const beyond = await get(landwaiter, { range: `bytes=${bytes.length}-` })
    t.strictSame([beyond.status, beyond.body.length], [416, 0])
    const head = await landwaiter.request(BLOB, { method: 'HEAD', headers: { authorization } })
    t.strictSame([head.status, head.headers['content-length']], [200, String(bytes.length)])
    const lines = await pulls(landwaiter, 2)
    const sent = lines.map(({ status, bytes_out, redirected }) => [status, bytes_out, redirected])
    t.strictSame(sent, [
      [200, bytes.length, undefined],
      [206, 10, undefined],
    ])
  })

  await t.test('is not followed to a place that is not named', async t => {
    const landwaiter = await before(t, { redirects: 'follow', redirect_hosts: ['127.0.0.1:1'] })
    const answer = await landwaiter.request(BLOB, { headers: { authorization } })
    t.equal(answer.status, 502)
    t.notMatch(answer.text, /127\.0\.0\.1/)
  })
})

function before(t: Test, registry: object): Promise<TestLandwaiter> {
  return startLandwaiter(t, { config: { registry: { upstream, auth: 'none', ...registry } } })
}

async function push(landwaiter: TestLandwaiter): Promise<void> {
  const begun = await landwaiter.request('/v2/a/blobs/uploads/', {
    method: 'POST',
    headers: { authorization },
  })
  const { pathname, search } = new URL(String(begun.headers['location']))
  const put = `${pathname}${search}&digest=${digest}`
  const { status, text } = await landwaiter.request(put, {
    method: 'PUT',
    headers: { authorization },
    body: bytes,
  })
  if (status !== 201) throw new Error(`the push ended with ${status} ${text}`)
}

/** The answer to a GET of the blob, its body as bytes. */
async function get({ url, caFile }: TestLandwaiter, headers: Readonly<Record<string, string>> = {}) {
  const dispatcher = new Agent({ connect: { ca: readFileSync(caFile) } })
  const answer = await request(url + BLOB, { headers: { authorization, ...headers }, dispatcher })
  const body = Buffer.from(await answer.body.arrayBuffer())
  await dispatcher.close()
  return { status: answer.statusCode, headers: answer.headers, body }
}

/** The lines of the first pulls; a line may come after the answer. */
async function pulls(landwaiter: TestLandwaiter, count: number) {
  const lines = () => landwaiter.audit().filter(({ action }) => action === 'pull')
  await waitFor(`${count} lines`, () => lines().length >= count)
  return lines().slice(0, count)
}
