import t from 'tap'
import { rawRequest, startHostileClient } from '../support/hostile-client.ts'
import type { RecordedRequest } from '../support/recording-upstream.ts'
import { exchangeBytes, statusOf } from '../support/wire.ts'

const HEX = 'ab'.repeat(32)
const D = `sha256:${HEX}`
const CHUNKED = 'Transfer-Encoding: chunked'
const PUT = 'PUT /v2/a/manifests/x HTTP/1.1'
const PATCH = 'PATCH /v2/a/blobs/uploads/u?_state=s HTTP/1.1'
/** Digest of a body of no bytes. */
const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const GET = 'GET /v2/a/tags/list HTTP/1.1'

const { upstream, landwaiter, send, hostLine: HOST, adminLine: ADMIN } = await startHostileClient(t)
const { host } = landwaiter

t.test('forwards no target that has a second spelling', async t => {
  const targets: readonly (readonly [why: string, target: string, status: number])[] = [
    ['an encoded slash', '/v2/a%2Fb/tags/list', 400],
    ['a slash encoded twice', '/v2/a%252Fb/tags/list', 400],
    ['an encoded underscore', '/v2/%5fcatalog', 400],
    ['an encoded letter', '/v2/%61/tags/list', 400],
    ['NUL, encoded', '/v2/a%00/tags/list', 400],
    ['CRLF, encoded', '/v2/a/manifests/x%0d%0aEvil:1', 400],
    ['dot segments', '/v2/a/../secret/tags/list', 400],
    ['dot segments, encoded', '/v2/a/%2e%2e/secret/tags/list', 400],
    ['dot segments out of the API', '/v2/../metrics', 400],
    ['a backslash', '/v2/a\\..\\secret/tags/list', 400],
    ['an empty segment', '/v2/a//tags/list', 400],
    ['a slash too many', '/v2/a/tags/list/', 404],
    ['two slashes in front', '//v2/a/tags/list', 404],
    ['another case', '/V2/a/tags/list', 404],
    ['path parameters', '/v2/a;x=1/tags/list', 400],
    ['a fragment', '/v2/a/tags/list#x', 400],
    ['a host part in the name', '/v2/evil.test:5000/a/tags/list', 400],
    ['upper case in the name', '/v2/A/tags/list', 400],
    ['a digest that would be a tag with a colon', '/v2/a/manifests/sha256:abc', 400],
    ['the same parameter twice', '/v2/_catalog?n=1&n=2', 400],
    ['the other separator of parameters', '/v2/_catalog?n=1;last=x', 400],
    ['an extension', '/v2/_oci/ext/discover', 404],
    ['the health page of the registry', '/debug/health', 404],
    ['the older API', '/v1/search', 404],
  ]
  for (const [why, target, status] of targets) {
    t.equal(statusOf(await send(`GET ${target} HTTP/1.1`)), status, why)
    t.strictSame(upstream.take(), [], `the registry gets no request: ${why}`)
  }
  const mount = `/v2/a/blobs/uploads/?mount=${D}`
  for (const query of ['&from=b&from=secret', '&from=b&%66rom=secret']) {
    t.equal(statusOf(await send(`POST ${mount}${query} HTTP/1.1`)), 400, `a source given twice: ${query}`)
    t.strictSame(upstream.take(), [], `the registry gets no request: ${query}`)
  }
})

t.test('forwards the canonical target alone', async t => {
  const cases: readonly (readonly [why: string, from: string, to: string])[] = [
    ['a colon encoded', `GET /v2/a/blobs/sha256%3A${HEX}`, `GET /v2/a/blobs/${D}`],
    ['unknown parameters', `GET /v2/a/blobs/${D}?ns=evil.test&access_token=x`, `GET /v2/a/blobs/${D}`],
    ['a parameter of another endpoint', 'GET /v2/a/tags/list?mount=x&n=2', 'GET /v2/a/tags/list?n=2'],
    ['tags beside a digest', `PUT /v2/a/manifests/${EMPTY}?tag=v1`, `PUT /v2/a/manifests/${EMPTY}`],
    ['a mount from anywhere', `POST /v2/a/blobs/uploads/?mount=${D}`, 'POST /v2/a/blobs/uploads/'],
    [
      'a mount whose source has an encoded name',
      `POST /v2/a/blobs/uploads/?m%6Funt=${D}&%66rom=b%2Fc&origin=x`,
      `POST /v2/a/blobs/uploads/?mount=sha256%3A${HEX}&from=b%2Fc`,
    ],
    [
      'a mount whose source is no name',
      `POST /v2/a/blobs/uploads/?mount=${D}&from=b%2F..%2Fsecret`,
      'POST /v2/a/blobs/uploads/',
    ],
    [
      'a digest where none belongs',
      `PATCH /v2/a/blobs/uploads/u?_state=s%3D&digest=${D}`,
      'PATCH /v2/a/blobs/uploads/u?_state=s%3D',
    ],
  ]
  for (const [why, from, to] of cases) {
    const isBodyless = from.startsWith('GET')
    await send(`${from} HTTP/1.1`, isBodyless ? {} : { headers: ['Content-Length: 0'] })
    t.strictSame(lines(upstream.take()), [`${to} HTTP/1.1`], why)
  }
})

t.test('forwards our own headers and those of the API, and no other', async t => {
  const hostile = [
    'Forwarded: for=1.1.1.1;proto=http;host=evil.test',
    'X-Forwarded-For: 1.1.1.1',
    'X-Forwarded-Host: evil.test',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Proto: ftp',
    'X-Real-IP: 1.1.1.1',
    'X-Request-Id: mine',
    'X-HTTP-Method-Override: DELETE',
    'X-HTTP-Method: DELETE',
    'X-Method-Override: DELETE',
    'X-Original-URL: /v2/secret/tags/list',
    'X-Rewrite-URL: /v2/secret/tags/list',
    'Cookie: a=b',
    'Proxy-Authorization: Basic eDp5',
    'TE: trailers',
    'Trailer: Authorization',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Via: 1.0 evil',
    'Max-Forwards: 0',
  ]
  const named =
    'Connection: upgrade, http2-settings, te, authorization, host, content-length, x-forwarded-proto, range'
  const lines = [
    'GET /v2/a/tags/list HTTP/1.1',
    HOST,
    ADMIN,
    named,
    'Range: bytes=0-1',
    'Accept: a/b',
    ...hostile,
  ]
  await exchangeBytes(t, landwaiter, rawRequest([...lines, 'Connection: close']))
  const [seen] = upstream.take()
  t.equal(seen?.line, GET)
  t.strictSame(seen?.headers.map(masked).sort(), [
    'accept: a/b',
    'authorization: Bearer TOKEN',
    `host: ${host}`,
    'x-forwarded-for: 127.0.0.1',
    'x-forwarded-proto: https',
    'x-request-id: ID',
  ])
})

t.test('keeps the framing whatever Connection names, and drops trailers', async t => {
  const named = 'Connection: content-length, transfer-encoding, content-type, close'
  await exchangeBytes(t, landwaiter, rawRequest([PUT, HOST, ADMIN, named, 'Content-Length: 2'], 'ab'))
  const [byLength] = upstream.take()
  t.strictSame([byLength?.headers.includes('content-length: 2'), byLength?.body], [true, 'ab'])
  const trailers = ['Trailer: Authorization', CHUNKED]
  await send(PATCH, { headers: trailers, body: '2;x=y\r\nab\r\n0\r\nAuthorization: Bearer x\r\n\r\n' })
  const [inChunks] = upstream.take()
  t.equal(inChunks?.body, '2\r\nab\r\n0\r\n\r\n', 'chunks are written anew')
})

t.test('never lets the body of an upload be read as a form', async t => {
  const body = `mount=${D}&from=secret`
  const types = [
    'application/x-www-form-urlencoded',
    'Multipart/Form-Data; boundary=x',
    ' application/X-WWW-Form-URLencoded;a=b',
  ]
  const calls = [
    'POST /v2/a/blobs/uploads/',
    'PATCH /v2/a/blobs/uploads/u?_state=s',
    `PUT /v2/a/blobs/uploads/u?digest=${D}`,
  ]
  for (const type of types) {
    for (const call of calls) {
      await send(`${call} HTTP/1.1`, {
        headers: [`Content-Type: ${type}`, `Content-Length: ${body.length}`],
        body,
      })
      const [seen] = upstream.take()
      const contentTypes = seen?.headers.filter(header => header.startsWith('content-type:'))
      t.strictSame(contentTypes, ['content-type: application/octet-stream'], `${call} as ${type}`)
    }
    const headers = [`Content-Type: ${type}`, `Content-Length: ${body.length}`]
    t.equal(statusOf(await send(PUT, { headers, body })), 400, `no manifest is ${type}`)
    t.strictSame(upstream.take(), [], 'the registry gets no form')
  }
})

t.test('gives unknown methods and OPTIONS to nobody', async t => {
  const methods = ['TRACE', 'QUERY', 'PROPFIND', 'MKCOL', 'POST', 'PATCH', 'PUT', 'DELETE', 'LOCK', 'PURGE']
  for (const method of methods) {
    const text = await send(`${method} /v2/a/tags/list HTTP/1.1`)
    t.equal(statusOf(text), 405, method)
    t.match(text, /\r\nallow: GET\r\n/i, method)
  }
  t.equal(statusOf(await send('FOO /v2/a/tags/list HTTP/1.1')), 400, 'a word that is no method')
  t.equal(statusOf(await send('get /v2/a/tags/list HTTP/1.1')), 400, 'methods are in upper case')
  t.equal(statusOf(await send('OPTIONS /v2/secret/tags/list HTTP/1.1')), 200, 'OPTIONS is answered here')
  t.equal(statusOf(await send('OPTIONS /v2/a%2Fb/tags/list HTTP/1.1')), 400, 'by the same grammar')
  t.strictSame(upstream.take(), [], 'the registry gets no request')
})

function lines(requests: readonly RecordedRequest[]): readonly string[] {
  return requests.map(({ line }) => line)
}

function masked(header: string): string {
  return header
    .replace(/(?<=^authorization: Bearer ).*/, 'TOKEN')
    .replace(/(?<=^x-request-id: )[0-9A-Z]{26}$/, 'ID')
}
