import t from 'tap'
import { parseResponseHead } from '../../src/upstream/response-head.ts'

const head = (...lines: readonly string[]) => lines.join('\r\n')

t.test('reads status, headers and how the end of the body is known', async t => {
  const rows: readonly [lines: readonly string[], method: string, framing: object, isLast: boolean][] = [
    [['HTTP/1.1 200 OK', 'Content-Length: 5'], 'GET', { kind: 'length', bytes: 5 }, false],
    [
      ['HTTP/1.1 200 OK', 'Content-Length: 5', 'content-length: 5'],
      'GET',
      { kind: 'length', bytes: 5 },
      false,
    ],
    [['HTTP/1.1 200 OK', 'Transfer-Encoding: Chunked'], 'GET', { kind: 'chunked' }, false],
    [['HTTP/1.1 200 OK', 'Content-Length: 5'], 'HEAD', { kind: 'none' }, false],
    [['HTTP/1.1 204 No Content'], 'PUT', { kind: 'none' }, false],
    [['HTTP/1.1 304 Not Modified', 'Content-Length: 5'], 'GET', { kind: 'none' }, false],
    [['HTTP/1.1 200 OK'], 'GET', { kind: 'until close' }, true],
    [['HTTP/1.1 200', 'Content-Length: 0', 'Connection: Close'], 'GET', { kind: 'length', bytes: 0 }, true],
    [['HTTP/1.0 200 OK', 'Content-Length: 0'], 'GET', { kind: 'length', bytes: 0 }, true],
  ]
  for (const [lines, method, framing, isLast] of rows) {
    const parsed = parseResponseHead(head(...lines), method)
    t.strictSame({ framing: parsed.framing, isLast: parsed.isLast }, { framing, isLast }, lines.join(' | '))
  }
})

t.test('joins what is repeated, and keeps the first of what can be there once', async t => {
  const lines = [
    'HTTP/1.1 200 OK',
    'Link: a',
    'LINK: b',
    'ETag: "1"',
    'etag: "2"',
    'Set-Cookie: x',
    'Set-Cookie: y',
  ]
  const { headers } = parseResponseHead(head(...lines, 'Content-Length: 0', 'Empty:'), 'GET')
  t.strictSame(
    { ...headers },
    {
      link: 'a, b',
      etag: '"1"',
      'set-cookie': ['x', 'y'],
      'content-length': '0',
      empty: '',
    },
  )
})

t.test('refuses what could be read in two ways', async t => {
  const rows: readonly (readonly string[])[] = [
    ['HTTP/2 200 OK'],
    ['HTTP/1.1 20 OK'],
    ['HTTP/1.1 2000 OK'],
    ['ICY 200 OK'],
    ['HTTP/1.1 200 OK', 'Content-Length: 5', 'Content-Length: 6'],
    ['HTTP/1.1 200 OK', 'Content-Length: 5, 5'],
    ['HTTP/1.1 200 OK', 'Content-Length: +5'],
    ['HTTP/1.1 200 OK', 'Content-Length: 0x5'],
    ['HTTP/1.1 200 OK', 'Content-Length: 5', 'Transfer-Encoding: chunked'],
    ['HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked'],
    ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['HTTP/1.1 200 OK', 'Content-Length : 5'],
    ['HTTP/1.1 200 OK', 'A: b', ' folded'],
    ['HTTP/1.1 200 OK', 'no colon'],
    ['HTTP/1.1 200 OK', ': no name'],
    ['HTTP/1.1 200 OK', 'A: b\nC: d'],
    ['HTTP/1.1 200 OK', 'A: b\rC: d'],
    ['HTTP/1.1 200 OK', 'A: b\0'],
  ]
  for (const lines of rows) {
    t.throws(
      () => parseResponseHead(head(...lines), 'GET'),
      { message: /^the answer / },
      JSON.stringify(lines),
    )
  }
})
