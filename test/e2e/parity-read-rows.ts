import {
  DOCKER_TYPE,
  digestOf,
  INDEX_TYPE,
  index,
  layer,
  MANIFEST_TYPE,
  manifest,
  other,
  otherManifest,
} from './parity-content.ts'
import { head, notHead, notMethod, ownRefusal, type Row, section } from './parity-row.ts'

const ACCEPT = { accept: `${INDEX_TYPE}, ${MANIFEST_TYPE}, ${DOCKER_TYPE}` }
const L = digestOf(layer)
const O = digestOf(other)
const M = digestOf(manifest)
const V2 = digestOf(otherManifest)
const NOWHERE = digestOf(Buffer.from('nowhere'))
const NO_ENDPOINT = ownRefusal(404, 'UNSUPPORTED', 'the registry API has no such endpoint')
const BAD_DIGEST = ownRefusal(400, 'DIGEST_INVALID', '"sha256:abc" is not a valid sha256 or sha512 digest')

/** Calls that read, list and delete what `pushRows` brought. */
export const readRows: readonly Row[] = [
  ...section('pulled manifests', [
    { call: 'GET /v2/par/one/manifests/v1', why: 'end-3', headers: ACCEPT },
    { call: 'HEAD /v2/par/one/manifests/v1', why: 'end-3', headers: ACCEPT },
    { call: `GET /v2/par/one/manifests/${M}`, why: 'end-3', headers: ACCEPT },
    { call: `HEAD /v2/par/one/manifests/${M}`, why: 'end-3', headers: ACCEPT },
    { call: `GET /v2/par/one/manifests/${M.replace(':', '%3A')}`, why: 'a colon encoded', headers: ACCEPT },
    { call: `GET /v2/par/one/manifests/${M}?ns=x.test`, why: 'as a mirror is asked', headers: ACCEPT },
    { call: 'GET /v2/par/one/manifests/multi', why: 'an index', headers: ACCEPT },
    { call: 'GET /v2/par/one/manifests/docker', why: "docker's own type", headers: ACCEPT },
    { call: 'GET /v2/par/one/manifests/v1', why: 'a type not accepted: no Accept' },
    { call: 'GET /v2/par/one/manifests/v1', why: 'a type not accepted', headers: { accept: '*/*' } },
    {
      call: 'HEAD /v2/par/one/manifests/multi',
      why: 'a type not accepted',
      headers: { accept: DOCKER_TYPE },
    },
    {
      call: 'GET /v2/par/one/manifests/v1',
      why: 'known already',
      headers: { ...ACCEPT, 'if-none-match': `"${M}"` },
    },
    {
      call: 'HEAD /v2/par/one/manifests/v1',
      why: 'known already, without quotes',
      headers: { ...ACCEPT, 'if-none-match': M },
    },
    {
      call: 'GET /v2/par/one/manifests/v1',
      why: 'not known',
      headers: { ...ACCEPT, 'if-none-match': `"${NOWHERE}"` },
    },
  ]),
  ...section('pulled blobs', [
    { call: `GET /v2/par/one/blobs/${L}`, why: 'end-2' },
    { call: `HEAD /v2/par/one/blobs/${L}`, why: 'end-2' },
    { call: `GET /v2/par/one/blobs/${L}`, why: 'compression', headers: { 'accept-encoding': 'gzip' } },
    { call: `GET /v2/par/one/blobs/${L.replace(':', '%3a')}`, why: 'a colon encoded' },
    ...['bytes=0-9', 'bytes=2990-', 'bytes=-10', 'bytes=0-0,10-19', 'bytes=2-1', 'pages=1-2', 'bytes=x'].map(
      range => ({ call: `GET /v2/par/one/blobs/${L}`, why: `Range: ${range}`, headers: { range } }),
    ),
    { call: `HEAD /v2/par/one/blobs/${L}`, why: 'HEAD with a Range', headers: { range: 'bytes=0-9' } },
    {
      call: `GET /v2/par/one/blobs/${L}`,
      why: 'If-Range holds',
      headers: { range: 'bytes=0-9', 'if-range': `"${L}"` },
    },
    {
      call: `GET /v2/par/one/blobs/${L}`,
      why: 'If-Range does not hold',
      headers: { range: 'bytes=0-9', 'if-range': '"x"' },
    },
    { call: `GET /v2/par/one/blobs/${L}`, why: 'known already', headers: { 'if-none-match': `"${L}"` } },
    { call: `GET /v2/par/one/blobs/${L}`, why: 'If-Match does not hold', headers: { 'if-match': '"x"' } },
    {
      call: `GET /v2/par/one/blobs/${L}`,
      why: 'beyond the end; a registry built with Go 1.19 promises the whole blob and stops',
      headers: { range: 'bytes=9000-' },
    },
  ]),
  ...section('lists', [
    { call: 'GET /v2/par/one/tags/list', why: 'end-8a' },
    { call: 'GET /v2/par/one/tags/list?n=2', why: 'end-8b' },
    { call: 'GET /v2/par/one/tags/list?n=1&last=multi', why: 'end-8b' },
    { call: 'GET /v2/par/one/tags/list?n=0', why: 'end-8b' },
    { call: 'HEAD /v2/par/one/tags/list', why: 'not a method of it', differs: notHead('GET') },
    { call: 'GET /v2/_catalog', why: 'all' },
    { call: 'GET /v2/_catalog?n=1', why: 'the first' },
    { call: 'GET /v2/_catalog?n=1&last=par/one', why: 'the next' },
    { call: 'GET /v2/_catalog?last=par%2Ftwo&n=1', why: 'after the last' },
    { call: 'GET /v2/_catalog?n=0', why: 'none' },
    { call: 'GET /v2/_catalog?n=-1', why: 'fewer than none' },
    {
      call: 'GET /v2/_catalog?n=5000',
      why: 'more than the registry gives',
      differs: ownRefusal(400, 'PAGINATION_NUMBER_INVALID', 'invalid number of results requested', {
        n: 5000,
      }),
    },
    { call: 'GET /v2/_catalog?n=', why: 'an empty value' },
    {
      call: 'GET /v2/_catalog?n=abc',
      why: 'not a number',
      differs: ownRefusal(400, 'PAGINATION_NUMBER_INVALID', '"abc" is not a number of results'),
    },
    { call: 'HEAD /v2/_catalog', why: 'not a method of it', differs: notHead('GET') },
    { call: `GET /v2/par/one/referrers/${M}`, why: 'end-12a' },
    { call: `GET /v2/par/one/referrers/${M}?artifactType=a%2Fb`, why: 'end-12b' },
    { call: 'GET /v2/_oci/ext/discover', why: 'extensions', differs: NO_ENDPOINT },
    { call: 'GET /v2/par/one/_oci/ext/discover', why: 'extensions', differs: NO_ENDPOINT },
  ]),
  ...section('a mount whose source the subject may not pull', [
    {
      call: `POST /v2/dev-backend/x/blobs/uploads/?mount=${L}&from=par/one`,
      why: 'end-11',
      as: 'developer',
      differs: {
        reason: 'it becomes a plain upload: an error would abort the push in containerd (containerd#14086)',
        ours: {
          status: 202,
          headers: {
            ...head(''),
            'docker-upload-uuid': 'UUID',
            location: 'ORIGIN/v2/dev-backend/x/blobs/uploads/UUID?_state=STATE',
            range: '0-0',
          },
        },
      },
    },
  ]),
  ...section('methods', [
    { call: 'OPTIONS /v2/par/one/manifests/v1', why: 'what it takes' },
    { call: `OPTIONS /v2/par/one/blobs/${L}`, why: 'what it takes' },
    {
      call: 'OPTIONS /v2/par/one/blobs/uploads/',
      why: 'what it takes',
      differs: {
        reason: 'the registry counts what only a session takes',
        ours: { headers: { ...head(''), allow: 'POST' } },
      },
    },
    { call: 'OPTIONS /v2/par/one/tags/list', why: 'what it takes' },
    { call: 'OPTIONS /v2/_catalog', why: 'what it takes' },
    { call: 'OPTIONS /v2/par/one/nothing', why: 'no endpoint', differs: NO_ENDPOINT },
    {
      call: 'POST /v2/par/one/manifests/v1',
      why: 'not a method of it',
      differs: notMethod('DELETE, GET, HEAD, PUT'),
    },
    {
      call: `PATCH /v2/par/one/blobs/${L}`,
      why: 'not a method of it',
      differs: notMethod('DELETE, GET, HEAD'),
    },
    { call: 'GET /v2/par/one/blobs/uploads/', why: 'not a method of it', differs: notMethod('POST') },
    { call: 'DELETE /v2/_catalog', why: 'not a method of it', differs: notMethod('GET') },
    { call: 'GET /v2/par/one/nothing', why: 'no endpoint', differs: NO_ENDPOINT },
    { call: 'GET /v2/par/one/blobs/sha256:abc', why: 'a digest too short', differs: BAD_DIGEST },
    {
      call: 'GET /v2/par/one/manifests/sha256:abc',
      why: 'a digest too short',
      headers: ACCEPT,
      differs: BAD_DIGEST,
    },
    {
      call: 'GET /v2/par/one/manifests/-x',
      why: 'no tag',
      headers: ACCEPT,
      differs: ownRefusal(404, 'TAG_INVALID', '"-x" is not a valid tag'),
    },
    {
      call: 'GET /v2/Par/one/tags/list',
      why: 'no name',
      differs: ownRefusal(400, 'NAME_INVALID', '"Par/one" is not a valid repository name'),
    },
    {
      call: 'GET /v2/par//one/tags/list',
      why: 'an empty segment',
      differs: ownRefusal(
        400,
        'NAME_INVALID',
        'the request target has an empty or a dot segment in its path',
      ),
    },
    { call: 'GET /v2/par/one/tags/list/', why: 'a slash too many', differs: NO_ENDPOINT },
  ]),
  ...section('deletes', [
    {
      call: 'DELETE /v2/par/one/manifests/v2',
      why: 'end-9 by tag',
      differs: ownRefusal(
        405,
        'UNSUPPORTED',
        `registry 2.8 cannot delete a single tag; delete its digest ${V2.slice(0, 19)} instead`,
        `digest ${V2}; tags v2`,
      ),
    },
    { call: `DELETE /v2/par/one/manifests/${digestOf(index)}`, why: 'end-9 by digest' },
    { call: 'GET /v2/par/one/manifests/multi', why: 'its tag is gone', headers: ACCEPT },
    { call: `DELETE /v2/par/one/manifests/${digestOf(index)}`, why: 'end-9 again' },
    { call: `DELETE /v2/par/one/blobs/${O}`, why: 'end-10' },
    { call: `HEAD /v2/par/one/blobs/${O}`, why: 'it is gone' },
    { call: `DELETE /v2/par/one/blobs/${O}`, why: 'end-10 again' },
    { call: 'GET /v2/par/two/manifests/v1', why: 'the other repository keeps its own', headers: ACCEPT },
  ]),
]

/** A registry whose deletion is off. */
export const undeletableRows: readonly Row[] = [
  { call: `DELETE /v2/par/one/manifests/${M}`, why: 'deletion is off' },
  { call: `DELETE /v2/par/one/blobs/${L}`, why: 'deletion is off' },
]
