import {
  config,
  DOCKER_TYPE,
  digestOf,
  dockerManifest,
  INDEX_TYPE,
  index,
  layer,
  MANIFEST_TYPE,
  manifest,
  orphan,
  orphanIndex,
  other,
  otherManifest,
} from './parity-content.ts'
import { head, notMethod, ownRefusal, type Row, section } from './parity-row.ts'

const ACCEPT = { accept: `${INDEX_TYPE}, ${MANIFEST_TYPE}, ${DOCKER_TYPE}` }
const MANIFEST = { 'content-type': MANIFEST_TYPE }
const INDEX = { 'content-type': INDEX_TYPE }
const OCTETS = { 'content-type': 'application/octet-stream' }
const C = digestOf(config)
const L = digestOf(layer)
const O = digestOf(other)
const M = digestOf(manifest)
const NOWHERE = digestOf(Buffer.from('nowhere'))

/** Calls that fill an empty registry, in an order in which each has what it needs, and what goes wrong on the way. */
export const pushRows: readonly Row[] = [
  ...section('the base', [
    { call: 'GET /v2/', why: 'end-1' },
    { call: 'HEAD /v2/', why: 'end-1' },
    {
      call: 'GET /v2',
      why: 'the base without its slash',
      differs: {
        reason: 'a redirect without a page',
        ours: { headers: { ...head(''), location: '/v2/' }, body: '' },
      },
    },
    { call: 'POST /v2/', why: 'any method', differs: notMethod('GET, HEAD') },
    {
      call: 'OPTIONS /v2/',
      why: 'any method',
      differs: {
        reason: 'as at every other endpoint',
        ours: { headers: { ...head(''), allow: 'GET, HEAD' }, body: '' },
      },
    },
  ]),
  ...section('an empty registry', [
    { call: 'GET /v2/_catalog', why: 'no repositories' },
    { call: 'GET /v2/par/one/tags/list', why: 'unknown name' },
    { call: 'GET /v2/par/one/manifests/v1', why: 'unknown tag', headers: ACCEPT },
    { call: 'HEAD /v2/par/one/manifests/v1', why: 'unknown tag', headers: ACCEPT },
    { call: `GET /v2/par/one/manifests/${M}`, why: 'unknown digest', headers: ACCEPT },
    { call: `HEAD /v2/par/one/manifests/${M}`, why: 'unknown digest', headers: ACCEPT },
    { call: `DELETE /v2/par/one/manifests/${M}`, why: 'unknown digest' },
    { call: `GET /v2/par/one/blobs/${L}`, why: 'unknown blob' },
    { call: `HEAD /v2/par/one/blobs/${L}`, why: 'unknown blob' },
    { call: `DELETE /v2/par/one/blobs/${L}`, why: 'unknown blob' },
    { call: `GET /v2/par/one/blobs/sha512:${'0'.repeat(128)}`, why: 'the other algorithm' },
    { call: 'GET /v2/par/one/blobs/uploads/00000000-0000-4000-8000-000000000000', why: 'unknown session' },
    { call: 'DELETE /v2/par/one/blobs/uploads/00000000-0000-4000-8000-000000000000', why: 'unknown session' },
  ]),
  ...section('uploads', [
    { call: 'POST /v2/par/one/blobs/uploads/', why: 'end-4a', keep: 'start' },
    { call: 'GET {start}', why: 'end-13', keep: 'u' },
    { call: 'HEAD {u}', why: 'end-13', keep: 'u' },
    {
      call: 'PATCH {u}',
      why: 'end-5, streamed as docker does',
      headers: OCTETS,
      body: layer.subarray(0, 1000),
      chunked: true,
      keep: 'u',
    },
    { call: 'GET {u}', why: 'end-13 midway', keep: 'u' },
    {
      call: 'PATCH {u}',
      why: 'end-5 with a length and a range',
      headers: { ...OCTETS, 'content-range': '1000-2999' },
      body: layer.subarray(1000),
      keep: 'u',
    },
    { call: 'PATCH {start}', why: 'a state that is out of date', headers: OCTETS, body: other },
    { call: `PUT {u}&digest=${encodeURIComponent(NOWHERE)}`, why: 'another digest' },
    {
      call: 'PUT {u}',
      why: 'no digest',
      differs: ownRefusal(400, 'DIGEST_INVALID', 'the end of an upload must name the digest of its blob'),
    },
    { call: `PUT {u}&digest=${encodeURIComponent(L)}`, why: 'end-6 without a body' },
    { call: `PUT {u}&digest=${encodeURIComponent(L)}`, why: 'a session that is over' },
    { call: 'POST /v2/par/one/blobs/uploads/', why: 'end-4a', keep: 'u' },
    {
      call: `PUT {u}&digest=${C}`,
      why: 'end-6 with the whole blob, as containerd does; the colon as it is',
      headers: OCTETS,
      body: config,
    },
    {
      call: `POST /v2/par/one/blobs/uploads/?digest=${encodeURIComponent(O)}`,
      why: 'end-4b',
      headers: OCTETS,
      body: other,
      keep: 'u',
    },
    { call: `PUT {u}&digest=${O}`, why: 'end-6 after end-4b', headers: OCTETS, body: other, chunked: true },
    { call: 'POST /v2/par/one/blobs/uploads/?digest-algorithm=sha512', why: 'end-4c', keep: 'u' },
    { call: 'DELETE {u}', why: 'end-14' },
    { call: 'DELETE {u}', why: 'end-14 again' },
  ]),
  ...section('mounts', [
    { call: `POST /v2/par/two/blobs/uploads/?mount=${L}&from=par/one`, why: 'end-11' },
    {
      call: `POST /v2/par/two/blobs/uploads/?mount=${encodeURIComponent(C)}&from=par%2Fone&origin=x.test`,
      why: 'end-11 as crane writes it',
    },
    { call: `POST /v2/par/two/blobs/uploads/?mount=${NOWHERE}&from=par/one`, why: 'a blob not there' },
    { call: `POST /v2/par/two/blobs/uploads/?mount=${O}&from=par/none`, why: 'a source not there' },
    { call: `POST /v2/par/two/blobs/uploads/?mount=${O}`, why: 'anonymous mount' },
  ]),
  ...section('pushed manifests', [
    { call: 'PUT /v2/par/one/manifests/v1', why: 'end-7a by tag', headers: MANIFEST, body: manifest },
    {
      call: 'PUT /v2/par/one/manifests/v2',
      why: 'end-7a streamed',
      headers: MANIFEST,
      body: otherManifest,
      chunked: true,
    },
    { call: `PUT /v2/par/one/manifests/${M}`, why: 'end-7a by digest', headers: MANIFEST, body: manifest },
    {
      call: `PUT /v2/par/one/manifests/${M}?tag=a&tag=b`,
      why: 'end-7b',
      headers: MANIFEST,
      body: manifest,
    },
    { call: 'PUT /v2/par/one/manifests/multi', why: 'an index', headers: INDEX, body: index },
    {
      call: 'PUT /v2/par/one/manifests/docker',
      why: "docker's own type",
      headers: { 'content-type': DOCKER_TYPE },
      body: dockerManifest,
    },
    { call: 'PUT /v2/par/one/manifests/bad', why: 'a blob not there', headers: MANIFEST, body: orphan },
    {
      call: 'PUT /v2/par/one/manifests/bad',
      why: 'a child not there',
      headers: INDEX,
      body: orphanIndex,
    },
    { call: 'PUT /v2/par/one/manifests/bad', why: 'no JSON', headers: MANIFEST, body: Buffer.from('{') },
    { call: 'PUT /v2/par/one/manifests/bad', why: 'an empty body', headers: MANIFEST, body: Buffer.alloc(0) },
    {
      call: 'PUT /v2/par/one/manifests/bad',
      why: 'an unknown type',
      headers: { 'content-type': 'text/plain' },
      body: manifest,
    },
    { call: 'PUT /v2/par/one/manifests/bad', why: 'no type', body: manifest },
    {
      call: `PUT /v2/par/one/manifests/${NOWHERE}`,
      why: 'another digest',
      headers: MANIFEST,
      body: manifest,
      differs: ownRefusal(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content'),
    },
    {
      call: 'PUT /v2/par/one/manifests/bad',
      why: 'more than 4 MiB',
      headers: MANIFEST,
      body: Buffer.alloc(4 * 1024 * 1024 + 1, ' '),
      differs: ownRefusal(413, 'SIZE_INVALID', 'the manifest is larger than 4 MiB'),
    },
    { call: 'PUT /v2/par/two/manifests/v1', why: 'mounted blobs', headers: MANIFEST, body: manifest },
  ]),
]
