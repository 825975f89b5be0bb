import t from 'tap'
import type { Peer } from '../../src/model/exchange.ts'
import type { RegistryRequest } from '../../src/model/registry-request.ts'
import { inboundHeaders, outboundHeaders } from '../../src/upstream/headers.ts'
import { publicLink, publicLocation } from '../../src/upstream/location.ts'

const peer: Peer = {
  id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7',
  startedMs: 0,
  method: 'GET',
  path: '/v2/',
  host: 'registry.test:8443',
  clientIp: '203.0.113.7',
  peerIp: '203.0.113.7',
  scheme: 'https',
}
const ping: RegistryRequest = { kind: 'ping', head: false }
const start: RegistryRequest = { kind: 'upload', verb: 'start', name: 'a/b' }

function outbound(headers: Record<string, string>, request: RegistryRequest = ping): object {
  return outboundHeaders(headers, { peer, request, authorization: 'Bearer ours' })
}

const OURS = {
  authorization: 'Bearer ours',
  host: 'registry.test:8443',
  'x-forwarded-proto': 'https',
  'x-forwarded-for': '203.0.113.7',
  'x-request-id': '01JDF3Z8K3T9V7Q6M2X4B5C6D7',
}

t.test('the registry sees our headers and those of its API, and nothing else of the client', async t => {
  const cases = [
    {
      header: { forwarded: 'for=1.1.1.1;proto=http' },
      why: 'distribution would ignore our X-Forwarded-Proto for it',
    },
    { header: { 'x-forwarded-proto': 'http' }, why: 'we say what it was' },
    { header: { 'x-forwarded-host': 'evil.test' }, why: 'we say what it was' },
    { header: { 'x-forwarded-for': '6.6.6.6' }, why: 'the client cannot name its address' },
    { header: { 'x-real-ip': '6.6.6.6' }, why: 'the client cannot name its address' },
    { header: { authorization: 'Bearer theirs' }, why: 'a credential of the client stays here' },
    { header: { cookie: 'a=b' }, why: 'a credential of the client stays here' },
    { header: { 'proxy-authorization': 'Basic x' }, why: 'hop by hop' },
    { header: { 'x-http-method-override': 'DELETE' }, why: 'another upstream might obey it' },
    { header: { 'x-original-url': '/v2/secret' }, why: 'another upstream might obey it' },
    { header: { te: 'trailers' }, why: 'hop by hop' },
    { header: { upgrade: 'h2c', connection: 'upgrade' }, why: 'no upgrades (h2c smuggling)' },
    { header: { expect: '100-continue' }, why: 'answered here' },
    { header: { range: 'bytes=0-1', connection: 'range' }, why: 'named by Connection' },
  ]
  for (const { header, why } of cases) t.strictSame(outbound(header), OURS, `${Object.keys(header)}: ${why}`)
  const kept = {
    accept: 'a, b',
    range: 'bytes=1-2',
    'if-none-match': '"x"',
    'user-agent': 'docker/29',
    'content-length': '3',
    'oci-namespace': 'x',
  }
  t.strictSame(outbound(kept), { ...kept, ...OURS }, 'what the API knows passes')
  t.strictSame(
    outbound({ connection: 'content-length', 'content-length': '3' }),
    { 'content-length': '3', ...OURS },
    'the framing cannot be named away',
  )
})

t.test('the body of an upload is never a form', async t => {
  const form = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '20' }
  t.match(outbound(form, start), { 'content-type': 'application/octet-stream', 'content-length': '20' })
  t.notOk('content-type' in outbound({}, start), 'no type is added where none was')
})

t.test('hop-by-hop headers of an answer end here, unknown ones pass', async t => {
  const answer = {
    connection: 'x-internal, close',
    'keep-alive': 'timeout=5',
    'x-internal': '1',
    'transfer-encoding': 'chunked',
    'docker-content-digest': 'sha256:x',
    warning: '299 - "old"',
    'set-cookie': ['a=b', 'c=d'],
  }
  t.strictSame(inboundHeaders(answer), {
    'docker-content-digest': 'sha256:x',
    warning: '299 - "old"',
    'set-cookie': ['a=b', 'c=d'],
  })
})

t.test('URLs of the registry become URLs of the public name', async t => {
  const origin = {
    publicOrigin: 'https://registry.test:8443',
    ownHosts: ['registry.test:8443', 'registry:5000', 'registry'],
  }
  const cases = [
    [
      'http://registry:5000/v2/a/blobs/uploads/u?_state=A%3D',
      'https://registry.test:8443/v2/a/blobs/uploads/u?_state=A%3D',
    ],
    [
      'https://registry.test:8443/v2/a/manifests/sha256:x',
      'https://registry.test:8443/v2/a/manifests/sha256:x',
    ],
    ['http://REGISTRY:5000/v2/a', 'https://registry.test:8443/v2/a'],
    ['/v2/a/blobs/uploads/u', 'https://registry.test:8443/v2/a/blobs/uploads/u'],
    ['https://bucket.s3.test/reg/v2/blobs?X-Amz=1', 'https://bucket.s3.test/reg/v2/blobs?X-Amz=1'],
    ['https://storage.test/v2/blob', 'https://storage.test/v2/blob'],
    ['http://registry:5000/debug', 'http://registry:5000/debug'],
    ['http://registry:5000.evil.test/v2/a', 'http://registry:5000.evil.test/v2/a'],
  ] as const
  for (const [from, to] of cases) t.equal(publicLocation(from, origin), to)
  t.equal(publicLink('</v2/_catalog?last=a&n=1>; rel="next"'), '</v2/_catalog?last=a&n=1>; rel="next"')
  t.equal(publicLink('<http://registry:5000/v2/_catalog?n=1>; rel="next"'), '</v2/_catalog?n=1>; rel="next"')
})
