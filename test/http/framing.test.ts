import t from 'tap'
import { rawRequest, startHostileClient } from '../support/hostile-client.ts'
import { exchangeBytes, statusOf } from '../support/wire.ts'

const CHUNKED = 'Transfer-Encoding: chunked'
const PUT = 'PUT /v2/a/manifests/x HTTP/1.1'
const GET = 'GET /v2/a/tags/list HTTP/1.1'

const { upstream, landwaiter, send, hostLine: HOST, adminLine: ADMIN } = await startHostileClient(t)
const { host } = landwaiter

t.test('refuses every message whose end two readers could see in different places', async t => {
  const cases: readonly (readonly [why: string, headers: readonly string[], body: string, line?: string])[] =
    [
      ['a length beside chunks', [CHUNKED, 'Content-Length: 5'], '0\r\n\r\n'],
      ['chunks beside a length', ['Content-Length: 5', CHUNKED], '0\r\n\r\n'],
      ['two lengths', ['Content-Length: 2', 'Content-Length: 3'], 'abc'],
      ['the same length twice', ['Content-Length: 2', 'Content-Length: 2'], 'ab'],
      ['a list of lengths', ['Content-Length: 2, 2'], 'ab'],
      ['a length with a sign', ['Content-Length: +2'], 'ab'],
      ['a negative length', ['Content-Length: -2'], 'ab'],
      ['a length in hex', ['Content-Length: 0x2'], 'ab'],
      ['a length beyond 64 bits', ['Content-Length: 99999999999999999999'], 'ab'],
      ['a length that a double cannot hold', ['Content-Length: 9007199254740993'], 'ab'],
      ['another coding', ['Transfer-Encoding: identity'], 'ab'],
      ['a coding before the chunks', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'],
      ['a coding after the chunks', ['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'],
      ['a coding that looks like chunks', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'],
      ['another spelling of chunked', ['Transfer-Encoding: cHuNkEd'], '0\r\n\r\n'],
      ['chunked twice', [CHUNKED, CHUNKED], '0\r\n\r\n'],
      ['a space before the colon', ['Transfer-Encoding : chunked'], '0\r\n\r\n'],
      ['a folded header', ['Transfer-Encoding:', ' chunked'], '0\r\n\r\n'],
      ['a folded header of no account', ['X-A: b', ' c'], '', GET],
      ['a line that ends with a bare LF', [`X: a\n${CHUNKED}`], '0\r\n\r\n'],
      ['a bare CR in a value', ['X: a\rb'], '', GET],
      ['NUL in a value', ['X: a\0b'], '', GET],
      ['a space in a name', ['Bad Name: x'], '', GET],
      ['chunks in HTTP/1.0', [CHUNKED], '0\r\n\r\n', 'PUT /v2/a/manifests/x HTTP/1.0'],
      ['GET with a body', ['Content-Length: 2'], 'ab', GET],
      ['HEAD with a body', ['Content-Length: 2'], 'ab', 'HEAD /v2/a/manifests/x HTTP/1.1'],
      ['OPTIONS with a body', ['Content-Length: 2'], 'ab', 'OPTIONS /v2/ HTTP/1.1'],
      ['DELETE with chunks', [CHUNKED], '0\r\n\r\n', 'DELETE /v2/a/manifests/x HTTP/1.1'],
      ['a chunk of no number', [CHUNKED], 'zz\r\n\r\n'],
      ['a chunk longer than it says', [CHUNKED], '2\r\nabc\r\n0\r\n\r\n'],
      ['a chunk of negative length', [CHUNKED], '-1\r\n\r\n'],
      ['a chunk beyond 64 bits', [CHUNKED], 'fffffffffffffffff\r\nab'],
      ['chunks that end with a bare LF', [CHUNKED], '2\nab\n0\n\n'],
      ['two Hosts', ['Host: evil.test'], '', GET],
      ['the same Host twice', [HOST], '', GET],
      ['two Authorizations', ['Authorization: Bearer x'], '', GET],
      ['two types', ['Content-Type: a/b', 'Content-Type: c/d', 'Content-Length: 0'], '', PUT],
    ]
  for (const [why, headers, body, line = PUT] of cases) {
    t.equal(statusOf(await send(line, { headers, body })), 400, why)
    t.strictSame(upstream.take(), [], `the registry gets no request: ${why}`)
  }
})

t.test('refuses what is no request of HTTP/1.1 for a path', async t => {
  const rest = [HOST, ADMIN, 'Connection: close']
  const cases: readonly (readonly [why: string, bytes: string, status: number])[] = [
    ['garbage', 'asdf\r\n\r\n', 400],
    ['no version', 'GET /v2/a/tags/list\r\n\r\n', 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['another version', rawRequest(['GET /v2/a/tags/list HTTP/2.0', ...rest]), 400],
    ['lines that end with a bare LF', `${[GET, ...rest].join('\n')}\n\n`, 400],
    ['absolute form, our host', rawRequest([`GET https://${host}/v2/a/tags/list HTTP/1.1`, ...rest]), 400],
    [
      'absolute form, another host',
      rawRequest(['GET https://evil.test/v2/a/tags/list HTTP/1.1', ...rest]),
      400,
    ],
    ['asterisk form', rawRequest(['OPTIONS * HTTP/1.1', ...rest]), 400],
    ['a space in the target', rawRequest(['GET /v2/a /tags/list HTTP/1.1', ...rest]), 400],
    ['a tab in the target', rawRequest(['GET /v2/a\t/tags/list HTTP/1.1', ...rest]), 400],
    ['NUL in the target', rawRequest(['GET /v2/a\0/tags/list HTTP/1.1', ...rest]), 400],
    ['a byte that is not ASCII', rawRequest(['GET /v2/\xe4/tags/list HTTP/1.1', ...rest]), 400],
    ['no Host', rawRequest([GET, ADMIN, 'Connection: close']), 400],
    ['no Host in HTTP/1.0', rawRequest(['GET /v2/a/tags/list HTTP/1.0', ADMIN]), 421],
    ['headers of 70 KB', rawRequest([GET, ...rest, `X: ${'a'.repeat(70_000)}`]), 431],
    [
      'an unknown expectation',
      rawRequest([PUT, ...rest, 'Expect: miracles', 'Content-Length: 2'], 'ab'),
      417,
    ],
    ['CONNECT, which is answered by closing', rawRequest([`CONNECT ${host} HTTP/1.1`, ...rest]), 0],
  ]
  for (const [why, bytes, status] of cases) {
    t.equal(statusOf(await exchangeBytes(t, landwaiter, bytes)), status, why)
    t.strictSame(upstream.take(), [], `the registry gets no request: ${why}`)
  }
})

t.test('refuses every Host but its own', async t => {
  const cases: readonly (readonly [host: string, status: number])[] = [
    ['evil.test', 421],
    [`evil.${host}`, 421],
    [`localhost.evil.test`, 421],
    ['localhost.', 421],
    ['', 400],
    [`x@${host}`, 400],
    [`${host}/v2`, 400],
    [`${host}, evil.test`, 400],
    ['localhost evil.test', 400],
    ['localhost:1",error="x', 400],
    ['localhost:999999', 400],
    ['[::1', 400],
  ]
  for (const [name, status] of cases) {
    const text = await exchangeBytes(
      t,
      landwaiter,
      rawRequest([GET, `Host: ${name}`, ADMIN, 'Connection: close']),
    )
    t.equal(statusOf(text), status, JSON.stringify(name))
    t.strictSame(upstream.take(), [], `the registry gets no request: ${JSON.stringify(name)}`)
  }
})

t.test('serves nothing that follows a fault in the framing on the same connection', async t => {
  const hidden = rawRequest(['DELETE /v2/secret/manifests/x HTTP/1.1', HOST, ADMIN, 'Connection: close'])
  const faults: readonly (readonly [why: string, bytes: string])[] = [
    [
      'DELETE with chunks',
      rawRequest(['DELETE /v2/a/manifests/x HTTP/1.1', HOST, ADMIN, CHUNKED], '2\r\nab\r\n0\r\n\r\n'),
    ],
    [
      'HEAD with a body',
      rawRequest(['HEAD /v2/a/manifests/x HTTP/1.1', HOST, ADMIN, 'Content-Length: 2'], 'ab'),
    ],
    ['two Hosts', rawRequest([GET, HOST, 'Host: evil.test', ADMIN])],
    ['another version', rawRequest(['GET /v2/a/tags/list HTTP/2.0', HOST, ADMIN])],
    [
      'chunks in HTTP/1.0',
      rawRequest(
        ['PUT /v2/a/manifests/x HTTP/1.0', HOST, ADMIN, 'Connection: keep-alive', CHUNKED],
        '0\r\n\r\n',
      ),
    ],
  ]
  for (const [why, bytes] of faults) {
    const text = await exchangeBytes(t, landwaiter, bytes + hidden)
    t.equal(statusOf(text), 400, why)
    t.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, `one answer: ${why}`)
    t.strictSame(upstream.take(), [], `the registry gets no request: ${why}`)
  }
})

t.test('lets pipelined requests take turns, each with its own rights', async t => {
  const put = rawRequest([PUT, HOST, ADMIN, 'Content-Length: 2'], 'ab')
  const bad = rawRequest(['GET /v2/A/tags/list HTTP/1.1', HOST, ADMIN])
  const bare = rawRequest(['GET /v2/secret/tags/list HTTP/1.1', HOST])
  const last = rawRequest(['GET /v2/a/manifests/x HTTP/1.1', HOST, ADMIN, 'Connection: close'])
  const text = await exchangeBytes(t, landwaiter, put + bad + bare + last)
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(match => match[1])
  t.strictSame(statuses, ['201', '400', '401', '200'])
  t.strictSame(
    upstream.take().map(({ line }) => line),
    [PUT, 'GET /v2/a/manifests/x HTTP/1.1'],
    'in their order',
  )
})
