const MIB = 1024 * 1024

/** What the registry sends, and what the client must get of it; `body` is the whole body, or `cut` when it breaks off. */
export interface Row {
  readonly why: string
  readonly method?: 'GET' | 'HEAD'
  readonly sends: string
  readonly status: number
  readonly body: string | 'cut'
  /** Whether the connection to the registry carries the next request. */
  readonly isKept: boolean
  /** How it is sent: at once, byte by byte, or closed behind. */
  readonly manner?: 'bytes' | 'close'
}

/** The first line of most answers. */
export const OK = 'HTTP/1.1 200 OK\r\n'
const KEPT = { status: 200, isKept: true } as const
const CLOSED = { status: 200, isKept: false } as const
const FAULT = { status: 503, body: '', isKept: false } as const
const long = 'x'.repeat(MIB + 1)

/** Answers in every framing, good and bad. */
export const ROWS: readonly Row[] = [
  { why: 'a length', sends: `${OK}Content-Length: 4\r\n\r\nblob`, body: 'blob', ...KEPT },
  { why: 'no bytes', sends: `${OK}Content-Length: 0\r\n\r\n`, body: '', ...KEPT },
  { why: 'a large body', sends: `${OK}Content-Length: ${long.length}\r\n\r\n${long}`, body: long, ...KEPT },
  {
    why: 'byte by byte',
    manner: 'bytes',
    sends: `${OK}Content-Length: 4\r\n\r\nblob`,
    body: 'blob',
    ...KEPT,
  },
  {
    why: 'chunks',
    sends: `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nbl\r\n2\r\nob\r\n0\r\n\r\n`,
    body: 'blob',
    ...KEPT,
  },
  {
    why: 'chunks byte by byte, with extensions and trailers',
    manner: 'bytes',
    sends: `${OK}Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nbl\r\n02\r\nob\r\n0;z\r\nX: y\r\n\r\n`,
    body: 'blob',
    ...KEPT,
  },
  {
    why: 'a large chunk',
    sends: `${OK}Transfer-Encoding: chunked\r\n\r\n${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`,
    body: long,
    ...KEPT,
  },
  { why: 'the end of the connection', manner: 'close', sends: `${OK}\r\nblob`, body: 'blob', ...CLOSED },
  {
    why: 'HTTP/1.0',
    manner: 'close',
    sends: 'HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nblob',
    body: 'blob',
    ...CLOSED,
  },
  {
    why: 'Connection: close',
    manner: 'close',
    sends: `${OK}Connection: close\r\nContent-Length: 4\r\n\r\nblob`,
    body: 'blob',
    ...CLOSED,
  },
  {
    why: 'Connection: close, left open',
    sends: `${OK}Connection: close\r\nContent-Length: 4\r\n\r\nblob`,
    body: 'blob',
    ...CLOSED,
  },
  { why: 'HEAD', method: 'HEAD', sends: `${OK}Content-Length: 4000\r\n\r\n`, body: '', ...KEPT },
  {
    why: 'HEAD in chunks',
    method: 'HEAD',
    sends: `${OK}Transfer-Encoding: chunked\r\n\r\n`,
    body: '',
    ...KEPT,
  },
  { why: '204', sends: 'HTTP/1.1 204 No Content\r\n\r\n', body: '', status: 204, isKept: true },
  {
    why: '206',
    sends: 'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/4\r\nContent-Length: 2\r\n\r\nbl',
    body: 'bl',
    status: 206,
    isKept: true,
  },
  {
    why: '304 with a length',
    sends: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n',
    body: '',
    status: 304,
    isKept: true,
  },
  {
    why: '307',
    sends: 'HTTP/1.1 307 X\r\nLocation: https://s3.test/b\r\nContent-Length: 4\r\n\r\naway',
    body: 'away',
    status: 307,
    isKept: true,
  },
  {
    why: '404',
    sends: 'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}',
    body: '{}',
    status: 404,
    isKept: true,
  },
  {
    why: '416',
    sends: 'HTTP/1.1 416 X\r\nContent-Range: bytes */4\r\nContent-Length: 0\r\n\r\n',
    body: '',
    status: 416,
    isKept: true,
  },
  {
    why: '500 without a body',
    sends: 'HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n',
    body: '',
    status: 500,
    isKept: true,
  },
  {
    why: '100 before it',
    sends: `HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 4\r\n\r\nblob`,
    body: 'blob',
    ...KEPT,
  },
  {
    why: 'several 1xx before it',
    sends: `HTTP/1.1 102 P\r\nX: y\r\n\r\nHTTP/1.1 103 E\r\nLink: </x>\r\n\r\n${OK}Content-Length: 4\r\n\r\nblob`,
    body: 'blob',
    ...KEPT,
  },
  {
    why: 'a head of 60 KB',
    sends: `${OK}X: ${'a'.repeat(60_000)}\r\nContent-Length: 4\r\n\r\nblob`,
    body: 'blob',
    ...KEPT,
  },
  {
    why: 'bytes behind the body',
    sends: `${OK}Content-Length: 4\r\n\r\nblobHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
    body: 'blob',
    ...CLOSED,
  },
  {
    why: 'bytes behind the chunks',
    sends: `${OK}Transfer-Encoding: chunked\r\n\r\n4\r\nblob\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n`,
    body: 'blob',
    ...CLOSED,
  },
  {
    why: 'a body behind 304',
    sends: 'HTTP/1.1 304 X\r\nContent-Length: 4\r\n\r\nblob',
    body: '',
    status: 304,
    isKept: false,
  },
  {
    why: 'a body that ends too soon',
    manner: 'close',
    sends: `${OK}Content-Length: 9\r\n\r\nblob`,
    body: 'cut',
    ...CLOSED,
  },
  {
    why: 'a large body that ends too soon',
    manner: 'close',
    sends: `${OK}Content-Length: ${2 * MIB}\r\n\r\n${long}`,
    body: 'cut',
    ...CLOSED,
  },
  {
    why: 'chunks that end too soon',
    manner: 'close',
    sends: `${OK}Transfer-Encoding: chunked\r\n\r\n4\r\nblob\r\n`,
    body: 'cut',
    ...CLOSED,
  },
  {
    why: 'chunks without the empty line',
    manner: 'close',
    sends: `${OK}Transfer-Encoding: chunked\r\n\r\n4\r\nblob\r\n0\r\n`,
    body: 'cut',
    ...CLOSED,
  },
  ...['zz', '-4', '+4', '0x4', ' 4', '', '4 4', '123456789abcdef01', '4\n', '4\r'].flatMap((size): Row[] => {
    const why = `a chunk of size ${JSON.stringify(size)}`
    const sends = `${OK}Transfer-Encoding: chunked\r\n\r\n4\r\nblob\r\n${size}\r\nblob\r\n0\r\n\r\n`
    return [
      { why, sends, ...FAULT },
      { why: `${why}, behind the head`, manner: 'bytes', sends, body: 'cut', ...CLOSED },
    ]
  }),
  {
    why: 'a chunk longer than its size',
    sends: `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nblob\r\n0\r\n\r\n`,
    ...FAULT,
  },
  ...[
    ['a length beside chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked'],
    ['two lengths', 'Content-Length: 4\r\nContent-Length: 5'],
    ['a list of lengths', 'Content-Length: 4, 4'],
    ['a signed length', 'Content-Length: +4'],
    ['another coding', 'Transfer-Encoding: gzip, chunked'],
    ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'],
    ['a folded header', 'X: a\r\n b'],
    ['a space before a colon', 'Content-Length : 4'],
    ['a bare LF', 'X: a\nContent-Length: 4'],
    ['a bare CR', 'X: a\rY: b'],
    ['NUL', 'X: a\0'],
    ['a line without a colon', 'X'],
  ].map(
    ([why = '', lines = '']): Row => ({
      why,
      sends: `${OK}${lines}\r\n\r\n4\r\nblob\r\n0\r\n\r\n`,
      ...FAULT,
    }),
  ),
  { why: 'another protocol', sends: 'HTTP/1.1 101 X\r\nUpgrade: x\r\n\r\n', ...FAULT },
  { why: 'no HTTP', sends: 'SSH-2.0-OpenSSH\r\n\r\n', ...FAULT },
  { why: 'a status of four digits', sends: 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n', ...FAULT },
  { why: 'another version', sends: 'HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n', ...FAULT },
  { why: 'a head without end', sends: `${OK}X: ${'a'.repeat(200_000)}`, ...FAULT },
  { why: 'half a head', manner: 'close', sends: `${OK}Content-Le`, ...FAULT },
]
