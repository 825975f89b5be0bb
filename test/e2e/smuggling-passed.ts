/** An unusual but unambiguous body of an upload, and what of it the registry must get. */
export interface PassedFraming {
  readonly why: string
  readonly headers: readonly string[]
  readonly body: string
  readonly payload: string
}

const CHUNKED = 'Transfer-Encoding: chunked'
const END = '0\r\n\r\n'

/** What would be a request of its own if the upload ended sooner than it says. */
const REQUEST = 'DELETE /v2/secret/manifests/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n'
const SIZE = REQUEST.length.toString(16)

const chunks: readonly (readonly [why: string, body: string, payload: string])[] = [
  ['no chunk but the last', END, ''],
  ['capitals in a size', `A\r\n0123456789\r\n${END}`, '0123456789'],
  ['small letters in a size', `a\r\n0123456789\r\n${END}`, '0123456789'],
  ['zeros before a size', `0000000002\r\nab\r\n${END}`, 'ab'],
  ['zeros before the last size', '2\r\nab\r\n0000\r\n\r\n', 'ab'],
  ['an extension', `2;x\r\nab\r\n${END}`, 'ab'],
  ['an extension with a value', `2;x=y\r\nab\r\n${END}`, 'ab'],
  ['an extension in quotes', `2;x="; y"\r\nab\r\n${END}`, 'ab'],
  ['two extensions', `2;x;y=z\r\nab\r\n${END}`, 'ab'],
  ['an extension of the last chunk', '2\r\nab\r\n0;x\r\n\r\n', 'ab'],
  ['a trailer', '2\r\nab\r\n0\r\nX: y\r\n\r\n', 'ab'],
  ['a trailer that names rights', '2\r\nab\r\n0\r\nAuthorization: Bearer x\r\n\r\n', 'ab'],
  ['data that look like an end', `5\r\n${END}\r\n${END}`, END],
  ['data that look like a chunk', `7\r\n2\r\nab\r\n\r\n${END}`, '2\r\nab\r\n'],
  ['a request in a chunk', `${SIZE}\r\n${REQUEST}\r\n${END}`, REQUEST],
  [
    'a request behind an end in a chunk',
    `${(REQUEST.length + 5).toString(16)}\r\n${END}${REQUEST}\r\n${END}`,
    END + REQUEST,
  ],
]

const length = `Content-Length: ${REQUEST.length}`

/** Framings that have one reading alone: each passes, and what the registry gets was framed anew. */
export const PASSED: readonly PassedFraming[] = [
  ...chunks.map(([why, body, payload]) => ({ why: `chunks: ${why}`, headers: [CHUNKED], body, payload })),
  { why: 'a request in a body by length', headers: [length], body: REQUEST, payload: REQUEST },
  { why: 'a length with zeros before it', headers: [`Content-Length: 0002`], body: 'ab', payload: 'ab' },
  { why: 'spaces around a length', headers: ['Content-Length:\t 2 \t'], body: 'ab', payload: 'ab' },
  {
    why: 'spaces before a coding',
    headers: ['Transfer-Encoding: \t chunked'],
    body: `2\r\nab\r\n${END}`,
    payload: 'ab',
  },
  {
    why: 'capitals in a name',
    headers: ['TRANSFER-ENCODING: chunked'],
    body: `2\r\nab\r\n${END}`,
    payload: 'ab',
  },
  {
    why: 'an underscore in a name',
    headers: ['Content-Length: 2', 'Transfer_Encoding: chunked'],
    body: 'ab',
    payload: 'ab',
  },
  {
    why: 'a name with more letters',
    headers: ['Content-Length: 2', 'X-Transfer-Encoding: chunked'],
    body: 'ab',
    payload: 'ab',
  },
  {
    why: 'a length that Connection names',
    headers: ['Content-Length: 2', 'Connection: content-length, keep-alive'],
    body: 'ab',
    payload: 'ab',
  },
]
