import { createHash } from 'node:crypto'
import t from 'tap'
import { request } from 'undici'
import { basic, startLandwaiter } from '../support/landwaiter.ts'
import { startRealRegistry } from '../support/real-registry.ts'

const SECRET = Buffer.from('the secret layer')
const D = `sha256:${createHash('sha256').update(SECRET).digest('hex')}`
const FORM = 'application/x-www-form-urlencoded'
const MOUNT = `mount=${D}&from=secret/one`

const registry = await startRealRegistry(t)
const landwaiter = await startLandwaiter(t, {
  config: { registry: { upstream: registry.upstream, auth: 'none' } },
})
const admin = { authorization: basic('admin') }
const developer = { authorization: basic('developer') }

t.before(async () => {
  const start = await landwaiter.request('/v2/secret/one/blobs/uploads/', { method: 'POST', headers: admin })
  const location = String(start.headers['location']).slice(landwaiter.url.length)
  const put = await landwaiter.request(`${location}&digest=${D}`, {
    method: 'PUT',
    headers: admin,
    body: SECRET,
  })
  if (put.status !== 201) throw new Error(`the secret was not stored: ${put.status} ${put.text}`)
})

t.test('mounts no blob of a repository that the subject may not pull, by no trick', async t => {
  const multipart = `--x\r\nContent-Disposition: form-data; name="mount"\r\n\r\n${D}\r\n--x\r\nContent-Disposition: form-data; name="from"\r\n\r\nsecret/one\r\n--x--\r\n`
  const tricks: readonly (readonly [why: string, query: string, form?: { type: string; body: string }])[] = [
    ['as it is', `?${MOUNT}`],
    ['names of parameters encoded', `?m%6Funt=${D}&%66rom=secret%2Fone`],
    ['without from', `?mount=${D}`],
    ['a form in the body', '', { type: FORM, body: MOUNT }],
    ['a form over an allowed source', `?mount=${D}&from=dev-backend/y`, { type: FORM, body: MOUNT }],
    ['a form with a parameter', '', { type: `${FORM}; charset=utf-8`, body: MOUNT }],
    ['a multipart form', '', { type: 'multipart/form-data; boundary=x', body: multipart }],
    ['another origin', `?${MOUNT}&origin=evil.test`],
  ]
  for (const [why, query, form] of tricks) {
    const { status } = await landwaiter.request(`/v2/dev-backend/x/blobs/uploads/${query}`, {
      method: 'POST',
      headers: { ...developer, ...(form && { 'content-type': form.type }) },
      ...(form && { body: form.body }),
    })
    t.equal(status, 202, `a plain upload starts: ${why}`)
    const read = await landwaiter.request(`/v2/dev-backend/x/blobs/${D}`, { headers: developer })
    t.equal(read.status, 404, `the blob is not there: ${why}`)
  }
  const repeated = `/v2/dev-backend/x/blobs/uploads/?mount=${D}&from=dev-backend/y&from=secret/one`
  t.equal((await landwaiter.request(repeated, { method: 'POST', headers: developer })).status, 400)
})

t.test('ends an upload with the digest of its query, whatever the body says', async t => {
  const start = await landwaiter.request('/v2/dev-backend/x/blobs/uploads/', {
    method: 'POST',
    headers: developer,
  })
  const location = String(start.headers['location']).slice(landwaiter.url.length)
  const body = `digest=${D}`
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
  const headers = { ...developer, 'content-type': FORM }
  const put = await landwaiter.request(`${location}&digest=${digest}`, { method: 'PUT', headers, body })
  t.strictSame([put.status, put.headers['docker-content-digest']], [201, digest], 'the body is the blob')
})

t.test('the tricks are real: the registry itself falls for a form', async t => {
  const { statusCode, body } = await request(`${registry.upstream}/v2/dev-backend/z/blobs/uploads/`, {
    method: 'POST',
    headers: { 'content-type': FORM },
    body: MOUNT,
  })
  await body.dump()
  t.equal(statusCode, 201)
})

t.test('mounts for who may pull the source', async t => {
  const path = `/v2/dev-backend/w/blobs/uploads/?${MOUNT}`
  t.equal((await landwaiter.request(path, { method: 'POST', headers: admin })).status, 201)
  // A token must cover the source, too.
  const narrow = await landwaiter.token('admin', 'repository:dev-backend/v:pull,push')
  const asked = { method: 'POST', headers: { authorization: `Bearer ${narrow}` } }
  t.equal((await landwaiter.request(`/v2/dev-backend/v/blobs/uploads/?${MOUNT}`, asked)).status, 202)
})
