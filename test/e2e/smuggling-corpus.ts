/** One request whose end or parts two readers may see in different places. */
export interface Framing {
  readonly why: string
  /** Request line; without one the framing is tried with each request that has a body. */
  readonly line?: string
  readonly headers?: readonly string[]
  readonly body?: string
  /** The whole head instead of line and headers: `HOST` and `AUTH` stand for the lines of an honest request. */
  readonly head?: string
}

const CHUNKED = 'Transfer-Encoding: chunked'
const GET = 'GET /v2/a/tags/list HTTP/1.1'
const END = '0\r\n\r\n'

type Row = readonly [why: string, text: string]

const lengths: readonly Framing[] = rows([
  ['two lengths', 'Content-Length: 2\r\nContent-Length: 3'],
  ['two lengths, the smaller first', 'Content-Length: 0\r\nContent-Length: 2'],
  ['the same length twice', 'Content-Length: 2\r\nContent-Length: 2'],
  ['a list of equal lengths', 'Content-Length: 2, 2'],
  ['a list of lengths', 'Content-Length: 2,3'],
  ['a list with nothing in it', 'Content-Length: ,'],
  ['no length at all', 'Content-Length:'],
  ['a positive sign', 'Content-Length: +2'],
  ['a negative sign', 'Content-Length: -2'],
  ['hex', 'Content-Length: 0x2'],
  ['hex digits', 'Content-Length: 2a'],
  ['a fraction', 'Content-Length: 2.0'],
  ['an exponent', 'Content-Length: 2e0'],
  ['an underscore', 'Content-Length: 1_0'],
  ['quotes', 'Content-Length: "2"'],
  ['two numbers', 'Content-Length: 2 2'],
  ['a parameter', 'Content-Length: 2;x'],
  ['beyond 64 bits', 'Content-Length: 18446744073709551618'],
  ['far beyond 64 bits', `Content-Length: ${'9'.repeat(200)}`],
  ['what a double cannot hold', 'Content-Length: 9007199254740993'],
  ['a vertical tab before the number', 'Content-Length:\x0b2'],
  ['a form feed behind the number', 'Content-Length: 2\x0c'],
  ['NUL behind the number', 'Content-Length: 2\0'],
  ['a digit of another script', 'Content-Length: \xd9\xa2'],
  ['a space before the colon', 'Content-Length : 2'],
  ['a tab before the colon', 'Content-Length\t: 2'],
  ['a folded length', 'Content-Length:\r\n 2'],
  ['a length that goes on in another line', 'Content-Length: 1\r\n 2'],
]).map(row => ({ why: `Content-Length: ${row[0]}`, headers: [row[1]], body: 'ab' }))

const codings: readonly Framing[] = rows([
  ['beside a length', `Content-Length: 5\r\n${CHUNKED}`],
  ['before a length', `${CHUNKED}\r\nContent-Length: 5`],
  ['beside a length of zero', `${CHUNKED}\r\nContent-Length: 0`],
  ['beside two lengths', `${CHUNKED}\r\nContent-Length: 0\r\nContent-Length: 5`],
  ['twice', `${CHUNKED}\r\n${CHUNKED}`],
  ['twice, the second unknown', `${CHUNKED}\r\nTransfer-Encoding: x`],
  ['twice, the first unknown', `Transfer-Encoding: x\r\n${CHUNKED}`],
  ['twice in a list', 'Transfer-Encoding: chunked, chunked'],
  ['a suffix of it', 'Transfer-Encoding: xchunked'],
  ['a prefix of it', 'Transfer-Encoding: chunkedx'],
  ['a part of it', 'Transfer-Encoding: chunk'],
  ['identity', 'Transfer-Encoding: identity'],
  ['identity behind it', 'Transfer-Encoding: chunked, identity'],
  ['identity before it', 'Transfer-Encoding: identity, chunked'],
  ['gzip before it', 'Transfer-Encoding: gzip, chunked'],
  ['nothing', 'Transfer-Encoding:'],
  ['an empty element before it', 'Transfer-Encoding: , chunked'],
  ['an empty element behind it', 'Transfer-Encoding: chunked,'],
  ['a parameter', 'Transfer-Encoding: chunked;q=1'],
  ['quotes', 'Transfer-Encoding: "chunked"'],
  ['apostrophes', "Transfer-Encoding: 'chunked'"],
  ['a tab behind it', 'Transfer-Encoding: chunked\t'],
  ['capitals', 'Transfer-Encoding: CHUNKED'],
  ['mixed case', 'Transfer-Encoding: cHuNkEd'],
  ['a letter that lower case makes a k', 'Transfer-Encoding: chun\xe2\x84\xaaed'],
  ['a vertical tab before it', 'Transfer-Encoding:\x0bchunked'],
  ['a form feed behind it', 'Transfer-Encoding: chunked\x0c'],
  ['NUL behind it', 'Transfer-Encoding: chunked\0'],
  ['DEL behind it', 'Transfer-Encoding: chunked\x7f'],
  ['a space before the colon', 'Transfer-Encoding : chunked'],
  ['a tab before the colon', 'Transfer-Encoding\t: chunked'],
  ['a vertical tab before the colon', 'Transfer-Encoding\x0b: chunked'],
  ['a space before the name', `X: a\r\n ${CHUNKED}`],
  ['a folded value', 'Transfer-Encoding:\r\n chunked'],
  ['a value folded by a tab', 'Transfer-Encoding:\r\n\tchunked'],
  ['a fold of no account', `${CHUNKED}\r\n `],
  ['behind a bare LF', `X: a\n${CHUNKED}`],
  ['behind a bare CR', `X: a\r${CHUNKED}`],
  ['behind two CRs', `X: a\r\r\n${CHUNKED}`],
  ['behind LF and CR', `X: a\n\r${CHUNKED}`],
]).map(row => ({ why: `Transfer-Encoding: ${row[0]}`, headers: [row[1]], body: END }))

/** Bodies in chunks that are no such thing. */
const chunks: readonly Framing[] = rows([
  ['no size', `\r\nab\r\n${END}`],
  ['no number', `zz\r\nab\r\n${END}`],
  ['a size with a positive sign', `+2\r\nab\r\n${END}`],
  ['a size with a negative sign', `-2\r\nab\r\n${END}`],
  ['a size with 0x', `0x2\r\nab\r\n${END}`],
  ['a size with a space before it', ` 2\r\nab\r\n${END}`],
  ['a size with a tab before it', `\t2\r\nab\r\n${END}`],
  ['a size with a tab behind it', `2\t\r\nab\r\n${END}`],
  ['a size with a space inside', `0 2\r\nab\r\n${END}`],
  ['a size with a point', `2.0\r\nab\r\n${END}`],
  ['a size with an underscore', `0_2\r\nab\r\n${END}`],
  ['a size with a comma', `2,2\r\nab\r\n${END}`],
  ['a size with a quote', `"2"\r\nab\r\n${END}`],
  ['a size with NUL', `2\0\r\nab\r\n${END}`],
  ['a size of 65 bits', `10000000000000002\r\nab\r\n${END}`],
  ['a size of 68 bits', `fffffffffffffffff\r\nab\r\n${END}`],
  ['a size without end', `${'f'.repeat(70_000)}\r\nab\r\n${END}`],
  ['an extension with a bare CR', `2;a\rb\r\nab\r\n${END}`],
  ['an extension with a bare LF', `2;a\nab\r\n${END}`],
  ['an extension that ends in two CRs', `2;a\r\r\nab\r\n${END}`],
  ['an extension with NUL', `2;a=\0\r\nab\r\n${END}`],
  ['an extension in quotes that end in no line', `2;a="\r\nab\r\n${END}`],
  ['an extension of 20 KB', `2;${'a'.repeat(20_000)}\r\nab\r\n${END}`],
  ['a size that ends in LF', `2\nab\r\n${END}`],
  ['a size that ends in CR', `2\rab\r\n${END}`],
  ['a size that ends in CR and another letter', `2\rXab\r\n${END}`],
  ['data without an end', `2\r\nab${END}`],
  ['data that end in LF', `2\r\nab\n${END}`],
  ['data that end in CR', `2\r\nab\r${END}`],
  ['data that end in two other letters', `2\r\nabXX${END}`],
  ['more data than the size', `2\r\nabc\r\n${END}`],
  ['fewer data than the size', `3\r\nab\r\n${END}`],
  ['LF only', '2\nab\n0\n\n'],
  ['a last chunk that ends in LF', '2\r\nab\r\n0\n\r\n'],
  ['a last chunk that ends in LF twice', '2\r\nab\r\n0\n\n'],
  ['an end of LF', '2\r\nab\r\n0\r\n\n'],
  ['an end of CR and another letter', '2\r\nab\r\n0\r\n\rX'],
  ['a negative last chunk', '2\r\nab\r\n-0\r\n\r\n'],
  ['a trailer without a colon', '0\r\nTrailer\r\n\r\n'],
  ['a trailer without a name', '0\r\n: x\r\n\r\n'],
  ['a trailer with a space before the colon', '0\r\nX : y\r\n\r\n'],
  ['a trailer with a space before the name', '0\r\n X: y\r\n\r\n'],
  ['a folded trailer', '0\r\nX: y\r\n z\r\n\r\n'],
  ['a trailer that ends in LF', '0\r\nX: y\n\r\n'],
  ['a trailer with a bare CR', '0\r\nX: y\rz\r\n\r\n'],
  ['a trailer that is a length', '0\r\nContent-Length: 9\r\n\r\n'],
  ['a trailer with NUL', '0\r\nX: y\0\r\n\r\n'],
]).flatMap(row => [
  { why: `chunks: ${row[0]}`, headers: [CHUNKED], body: row[1] },
  { why: `a good chunk, then ${row[0]}`, headers: [CHUNKED], body: `1\r\na\r\n${row[1]}` },
])

const heads: readonly Framing[] = [
  ...rows([
    ['no colon', 'X'],
    ['no name', ': a'],
    ['a space in a name', 'X Y: a'],
    ['a space before the first name', ' X: a'],
    ['a fold', 'X: a\r\n b'],
    ['a bare LF', 'X: a\nY: b'],
    ['a bare CR', 'X: a\rY: b'],
    ['a bare CR at the end', 'X: a\r'],
    ['an end by LF', 'X: a\n\n'],
    ['an end by CR', 'X: a\r\r'],
    ['two Hosts', 'Host: evil.test'],
    ['two Authorizations', 'Authorization: Bearer x'],
    ['a bracket in a name', 'X[: a'],
    ['a letter beyond ASCII in a name', 'X\xe4: a'],
  ]).map(row => ({ why: `headers: ${row[0]}`, line: GET, headers: [row[1]] })),
  ...controls().flatMap(([name, control]) => [
    { why: `${name} in a name`, line: GET, headers: [`X${control}Y: a`] },
    { why: `${name} in a value`, line: GET, headers: [`X: a${control}b`] },
    { why: `${name} in the target`, line: `GET /v2/a${control}/tags/list HTTP/1.1` },
  ]),
]

const bodies: readonly Framing[] = ['GET', 'HEAD', 'DELETE', 'OPTIONS'].flatMap(method => [
  {
    why: `${method} with a length`,
    line: `${method} /v2/a/manifests/x HTTP/1.1`,
    headers: ['Content-Length: 2'],
    body: 'ab',
  },
  {
    why: `${method} with chunks`,
    line: `${method} /v2/a/manifests/x HTTP/1.1`,
    headers: [CHUNKED],
    body: `2\r\nab\r\n${END}`,
  },
  {
    why: `${method} with no chunks`,
    line: `${method} /v2/a/manifests/x HTTP/1.1`,
    headers: [CHUNKED],
    body: END,
  },
])

const requestLines: readonly Framing[] = rows([
  ['absolute form, another host', 'GET http://evil.test/v2/a/tags/list HTTP/1.1\r\nHOST\r\nAUTH'],
  ['absolute form of https', 'GET https://localhost/v2/a/tags/list HTTP/1.1\r\nHOST\r\nAUTH'],
  ['asterisk form', 'OPTIONS * HTTP/1.1\r\nHOST\r\nAUTH'],
  ['HTTP/0.9', 'GET /v2/a/tags/list'],
  ['HTTP/0.9 with a version', 'GET /v2/a/tags/list HTTP/0.9\r\nHOST\r\nAUTH'],
  ['a version to come', 'GET /v2/a/tags/list HTTP/1.2\r\nHOST\r\nAUTH'],
  ['HTTP/2.0', 'GET /v2/a/tags/list HTTP/2.0\r\nHOST\r\nAUTH'],
  ['a version of one digit', 'GET /v2/a/tags/list HTTP/1\r\nHOST\r\nAUTH'],
  ['a version of two digits', 'GET /v2/a/tags/list HTTP/1.10\r\nHOST\r\nAUTH'],
  ['a version in lower case', 'GET /v2/a/tags/list http/1.1\r\nHOST\r\nAUTH'],
  ['another protocol', 'GET /v2/a/tags/list ICE/1.1\r\nHOST\r\nAUTH'],
  ['something behind the version', 'GET /v2/a/tags/list HTTP/1.1 x\r\nHOST\r\nAUTH'],
  ['a space in the target', 'GET /v2/a /tags/list HTTP/1.1\r\nHOST\r\nAUTH'],
  ['a tab for a space', 'GET\t/v2/a/tags/list HTTP/1.1\r\nHOST\r\nAUTH'],
  ['a space before the method', ' GET /v2/a/tags/list HTTP/1.1\r\nHOST\r\nAUTH'],
  ['a line of LF', 'GET /v2/a/tags/list HTTP/1.1\nHOST\r\nAUTH'],
  ['LF only', 'GET /v2/a/tags/list HTTP/1.1\nHOST\nAUTH\n'],
  ['a line of CR', 'GET /v2/a/tags/list HTTP/1.1\rHOST\r\nAUTH'],
  ['HTTP/1.0 with chunks', `PUT /v2/a/manifests/x HTTP/1.0\r\nHOST\r\nAUTH\r\n${CHUNKED}`],
  [
    'HTTP/1.0 with chunks, kept alive',
    `PUT /v2/a/manifests/x HTTP/1.0\r\nHOST\r\nAUTH\r\nConnection: keep-alive\r\n${CHUNKED}`,
  ],
  ['no Host', 'GET /v2/a/tags/list HTTP/1.1\r\nAUTH'],
  ['a Host of two', 'GET /v2/a/tags/list HTTP/1.1\r\nHost: localhost, evil.test\r\nAUTH'],
]).map(row => ({ why: row[0], head: row[1], body: row[1].includes(CHUNKED) ? END : '' }))

/** Framings that no reader may guess at: each is refused with 400, its connection closed, and what follows never read. */
export const REFUSED: readonly Framing[] = [
  ...lengths,
  ...codings,
  ...chunks,
  ...heads,
  ...bodies,
  ...requestLines,
]

function rows(list: readonly Row[]): readonly Row[] {
  return list
}

/** The control characters that end no line and are no tab. */
function controls(): readonly (readonly [name: string, control: string])[] {
  const codes = [...Array(32).keys(), 127].filter(code => code !== 9 && code !== 10 && code !== 13)
  return codes.map(code => [`the control character ${code}`, String.fromCharCode(code)])
}
