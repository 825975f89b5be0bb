import t from 'tap'
import { blobHeaders, storageRequestHeaders } from '../../src/upstream/storage-headers.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`

t.test('the storage is told which bytes, and nothing else', t => {
  const secret = {
    authorization: 'Bearer x',
    cookie: 'a=b',
    'user-agent': 'docker',
    host: 'r',
    accept: 'a/b',
  }
  const cases: readonly (readonly [why: string, headers: object, range: string | undefined])[] = [
    ['no range', {}, undefined],
    ['a range', { range: 'bytes=0-9' }, 'bytes=0-9'],
    ['a range without end', { range: 'bytes=5-' }, 'bytes=5-'],
    ['the last bytes', { range: 'bytes=-5' }, 'bytes=-5'],
    ['several ranges', { range: 'bytes=0-1,3-4' }, undefined],
    ['another unit', { range: 'lines=0-1' }, undefined],
    ['no range at all', { range: 'bytes=-' }, undefined],
    ['if it is this blob', { range: 'bytes=0-9', 'if-range': `"${DIGEST}"` }, 'bytes=0-9'],
    ['if it is another', { range: 'bytes=0-9', 'if-range': '"x"' }, undefined],
    ['if it is this blob weakly', { range: 'bytes=0-9', 'if-range': `W/"${DIGEST}"` }, undefined],
  ]
  for (const [why, headers, range] of cases) {
    const expected = { 'accept-encoding': 'identity', ...(range === undefined ? {} : { range }) }
    t.strictSame(storageRequestHeaders({ ...secret, ...headers }, DIGEST), expected, why)
  }
  t.end()
})

t.test('the client gets the headers of a registry', t => {
  const stored = {
    'content-length': '5',
    'content-range': 'bytes 0-4/9',
    'content-type': 'text/html',
    'content-encoding': 'gzip',
    etag: '"md5"',
    server: 'storage',
    'set-cookie': ['a=b'],
    'x-amz-request-id': '1',
  }
  const common = {
    'accept-ranges': 'bytes',
    'cache-control': 'max-age=31536000',
    'content-length': '5',
    'content-type': 'application/octet-stream',
    'docker-content-digest': DIGEST,
    etag: `"${DIGEST}"`,
  }
  t.strictSame(blobHeaders(stored, { digest: DIGEST, status: 200 }), common)
  const part = { ...common, 'content-range': 'bytes 0-4/9' }
  t.strictSame(blobHeaders(stored, { digest: DIGEST, status: 206 }), part)
  t.end()
})
