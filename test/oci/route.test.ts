import t from 'tap'
import { OciError } from '../../src/model/errors.ts'
import type { RegistryRequest } from '../../src/model/registry-request.ts'
import { allowHeader, isRegistryTarget, parseRegistryRequest } from '../../src/oci/route.ts'
import { canonicalTarget } from '../../src/oci/target.ts'

const HEX = '0123456789abcdef'.repeat(4)
const D = `sha256:${HEX}`
const ENCODED = `sha256%3A${HEX}`
const D512 = `sha512:${HEX}${HEX}`
const LONG_NAME = 'a'.repeat(255)
const LONG_TAG = `_${'.'.repeat(127)}`

type Verb = 'check' | 'read' | 'delete'
const ping = (head: boolean): RegistryRequest => ({ kind: 'ping', head })
const catalog = (page: object): RegistryRequest => ({ kind: 'catalog', page })
const tags = (name: string, page: object): RegistryRequest => ({ kind: 'tags', name, page })
const tagged = (verb: Verb | 'write', name: string, tag: string): RegistryRequest => {
  return { kind: 'manifest', verb, name, reference: { kind: 'tag', tag } }
}
const pinned = (verb: Verb | 'write', digest: string): RegistryRequest => {
  return { kind: 'manifest', verb, name: 'a', reference: { kind: 'digest', digest } }
}
const blob = (verb: Verb, name: string): RegistryRequest => ({ kind: 'blob', verb, name, digest: D })
const referrers = (extra: object): RegistryRequest => ({ kind: 'referrers', name: 'a', digest: D, ...extra })
const start = (extra: object): RegistryRequest => ({ kind: 'upload', verb: 'start', name: 'a', ...extra })
const session = (verb: 'status' | 'append' | 'commit' | 'cancel', query: object, extra: object = {}) => {
  return { kind: 'upload', verb, name: 'a/b', session: 'u-1_.=', query, ...extra } as RegistryRequest
}

// [request line, request, why, target to forward when it is not the one that came]
const accepted: readonly (readonly [string, RegistryRequest, string, string?])[] = [
  ['GET /v2/', ping(false), 'end-1'],
  ['HEAD /v2/', ping(true), 'end-1'],
  ['GET /v2/?a=b', ping(false), 'a ping has no parameters', '/v2/'],
  ['GET /v2/_catalog', catalog({}), 'catalog'],
  ['GET /v2/_catalog?n=10&last=a%2Fb', catalog({ n: '10', last: 'a/b' }), 'paging'],
  ['GET /v2/_catalog?n=-1', catalog({ n: '-1' }), 'the registry decides what a negative number is'],
  ['GET /v2/_catalog?n=&last=', catalog({}), 'an empty value is none, as for the registry', '/v2/_catalog'],
  ['GET /v2/a/b/tags/list', tags('a/b', {}), 'end-8a'],
  [
    'GET /v2/a/tags/list?last=1.0&n=5',
    tags('a', { n: '5', last: '1.0' }),
    'end-8b',
    '/v2/a/tags/list?n=5&last=1.0',
  ],
  ['GET /v2/a/tags/list?x=y', tags('a', {}), 'an unknown parameter is dropped', '/v2/a/tags/list'],
  [`GET /v2/a/referrers/${D}`, referrers({}), 'end-12a'],
  [`GET /v2/a/referrers/${D}?artifactType=a%2Fb%2Bc`, referrers({ artifactType: 'a/b+c' }), 'end-12b'],
  [
    `GET /v2/a/referrers/${D}?artifactType=a/b+c`,
    referrers({ artifactType: 'a/b c' }),
    'a raw plus is a space, as the registry reads it',
    `/v2/a/referrers/${D}?artifactType=a%2Fb%20c`,
  ],
  ['GET /v2/a/manifests/1.0', tagged('read', 'a', '1.0'), 'end-3'],
  ['HEAD /v2/a/manifests/1.0', tagged('check', 'a', '1.0'), 'end-3'],
  ['PUT /v2/a/manifests/1.0', tagged('write', 'a', '1.0'), 'end-7a'],
  ['DELETE /v2/a/manifests/1.0', tagged('delete', 'a', '1.0'), 'end-9'],
  [`GET /v2/a/manifests/${D512}`, pinned('read', D512), 'the other registered algorithm'],
  [
    `GET /v2/a/manifests/${ENCODED}`,
    pinned('read', D),
    'some clients encode the colon',
    `/v2/a/manifests/${D}`,
  ],
  [
    `PUT /v2/a/manifests/${D}?tag=x&tag=y`,
    pinned('write', D),
    'end-7b would set tags that no tag rule has seen',
    `/v2/a/manifests/${D}`,
  ],
  [
    'GET /v2/a/manifests/x?ns=example.com',
    tagged('read', 'a', 'x'),
    'ns is for mirrors and could choose another upstream',
    '/v2/a/manifests/x',
  ],
  [`GET /v2/${LONG_NAME}/manifests/${LONG_TAG}`, tagged('read', LONG_NAME, LONG_TAG), 'the longest of both'],
  [`GET /v2/a/blobs/sha256%3a${HEX}?ns=x`, blob('read', 'a'), 'end-2', `/v2/a/blobs/${D}`],
  [`HEAD /v2/a/blobs/${D}`, blob('check', 'a'), 'end-2'],
  [`DELETE /v2/a/blobs/${D}`, blob('delete', 'a'), 'end-10'],
  // Words of the API are also fine as parts of a name.
  ['GET /v2/a/manifests/blobs/manifests/x', tagged('read', 'a/manifests/blobs', 'x'), 'greedy'],
  ['GET /v2/a/tags/list/manifests/list', tagged('read', 'a/tags/list', 'list'), 'greedy'],
  ['GET /v2/manifests/manifests/manifests', tagged('read', 'manifests', 'manifests'), 'greedy'],
  ['GET /v2/a/blobs/uploads/manifests/x', tagged('read', 'a/blobs/uploads', 'x'), 'greedy'],
  ['GET /v2/tags/tags/list', tags('tags', {}), 'greedy'],
  [`GET /v2/uploads/blobs/${D}`, blob('read', 'uploads'), 'greedy'],
  [`GET /v2/a/blobs/uploads/blobs/${D}`, blob('read', 'a/blobs/uploads'), 'greedy'],
  ['POST /v2/blobs/uploads/blobs/uploads/', start({ name: 'blobs/uploads' }), 'greedy'],
  ['POST /v2/a/blobs/uploads/', start({}), 'end-4a'],
  [`POST /v2/a/blobs/uploads/?digest=${ENCODED}`, start({ digest: D }), 'end-4b'],
  ['POST /v2/a/blobs/uploads/?digest-algorithm=sha512', start({ digestAlgorithm: 'sha512' }), 'end-4c'],
  [
    `POST /v2/a/blobs/uploads/?from=b/c&mount=${D}&origin=example.com`,
    start({ mount: { digest: D, from: 'b/c' } }),
    'end-11',
    `/v2/a/blobs/uploads/?mount=${ENCODED}&from=b%2Fc`,
  ],
  [
    `POST /v2/a/blobs/uploads/?%66rom=secret&m%6Funt=${D}`,
    start({ mount: { digest: D, from: 'secret' } }),
    'the registry decodes names of parameters, so the right to them is asked for here too',
    `/v2/a/blobs/uploads/?mount=${ENCODED}&from=secret`,
  ],
  ['GET /v2/a/b/blobs/uploads/u-1_.=?_state=s%3D', session('status', { state: 's=' }), 'end-13'],
  ['HEAD /v2/a/b/blobs/uploads/u-1_.=', session('status', {}, { head: true }), 'end-13'],
  ['DELETE /v2/a/b/blobs/uploads/u-1_.=?_state=s-_', session('cancel', { state: 's-_' }), 'end-14'],
  [
    'PATCH /v2/a/b/blobs/uploads/u-1_.=?_state=s==&digest=x',
    session('append', { state: 's==' }),
    'end-5; only a commit has a digest',
    '/v2/a/b/blobs/uploads/u-1_.=?_state=s%3D%3D',
  ],
  [
    `PUT /v2/a/b/blobs/uploads/u-1_.=?digest=${D}&_state=s`,
    session('commit', { state: 's', digest: D }),
    'end-6',
    `/v2/a/b/blobs/uploads/u-1_.=?_state=s&digest=${ENCODED}`,
  ],
  [
    `PUT /v2/a/b/blobs/uploads/u-1_.=?digest=${ENCODED}`,
    session('commit', { digest: D }),
    'end-6 at a registry that keeps no state in the URL',
  ],
]

t.test('reads each endpoint and forwards its canonical form', async t => {
  for (const [line, is, why, forwarded] of accepted) {
    const [method = '', target = ''] = line.split(' ')
    const request = parseRegistryRequest(method, target)
    t.strictSame(request, is, `${line.slice(0, 60)}: ${why}`)
    t.equal(canonicalTarget(request), forwarded ?? target, `forwarded: ${why}`)
  }
})

// [query of an upload's start, why it is no mount]
const noMounts: readonly (readonly [string, string])[] = [
  [`mount=${D}`, 'without from the registry may take it from anywhere'],
  ['from=b', 'from alone means nothing'],
  [`mount=${D}&from=`, 'an empty from is none'],
  [`mount=${D}&from=B`, 'no repository has that name'],
  [`mount=${D}&from=a%2F..%2Fb`, 'a dot segment is no name'],
  [`mount=${D}&from=%2Fb`, 'a leading slash is no name'],
  ['mount=sha256:abc&from=b', 'no blob has that digest'],
  [`Mount=${D}&From=b`, 'names of parameters keep their case'],
]

t.test('starts a plain upload when the mount cannot be one', async t => {
  for (const [query, why] of noMounts) {
    const request = parseRegistryRequest('POST', `/v2/a/blobs/uploads/?${query}`)
    t.strictSame(request, start({}), why)
    t.equal(canonicalTarget(request), '/v2/a/blobs/uploads/', why)
  }
})

const endpoints: readonly (readonly [string, string])[] = [
  ['/v2/', 'GET, HEAD'],
  ['/v2/_catalog', 'GET'],
  ['/v2/a/tags/list', 'GET'],
  [`/v2/a/referrers/${D}`, 'GET'],
  ['/v2/a/manifests/x', 'DELETE, GET, HEAD, PUT'],
  [`/v2/a/blobs/${D}`, 'DELETE, GET, HEAD'],
  ['/v2/a/blobs/uploads/', 'POST'],
  [`/v2/a/blobs/uploads/u?digest=${D}`, 'DELETE, GET, HEAD, PATCH, PUT'],
]
const methods = 'GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT QUERY get constructor'.split(' ')

t.test('answers 405 with Allow to every method that an endpoint does not have', async t => {
  for (const [target, allow] of endpoints) {
    t.equal(allowHeader(target), allow, target)
    for (const method of methods) {
      const error = failure(method, target)
      if (allow.split(', ').includes(method)) {
        t.equal(error, undefined, `${method} ${target}`)
      } else {
        t.strictSame(
          [error?.status, error?.oci, error?.headers],
          [405, 'UNSUPPORTED', { Allow: allow }],
          method,
        )
      }
    }
  }
})

t.test('has no Allow for a target that is no endpoint', async t => {
  for (const target of ['/v2/x', '/', '*', '/v2/a/../_catalog', '/v2/%5fcatalog', 'http://a/v2/']) {
    t.throws(() => allowHeader(target), { name: 'OciError' }, target)
  }
})

t.test('tells targets of the API from others by their first segment', async t => {
  for (const target of ['/v2', '/v2/', '/v2?x', '/v2/../x', '/v2/%'])
    t.equal(isRegistryTarget(target), true, target)
  for (const target of ['/', '/v2x', '/V2/', '//v2/', '*', 'http://a/v2/', '/v1/', '/v2%2f', '/v2#', '']) {
    t.equal(isRegistryTarget(target), false, target)
  }
})

function failure(method: string, target: string): OciError | undefined {
  try {
    parseRegistryRequest(method, target)
  } catch (error) {
    if (error instanceof OciError) return error
    throw error
  }
  return undefined
}
