import type { RegistryRequest } from '../../src/model/registry-request.ts'
import { DIGEST, denied, exchange, NAME, type RegistryCase, withoutRule } from './exchange.ts'

const blob = (verb: 'check' | 'read' | 'delete'): RegistryRequest => ({
  kind: 'blob',
  verb,
  name: NAME,
  digest: DIGEST,
})
const step = (verb: 'status' | 'append' | 'commit' | 'cancel'): RegistryRequest => ({
  kind: 'upload',
  verb,
  name: NAME,
  session: 'b5',
  query: { state: 'secret', ...(verb === 'commit' ? { digest: DIGEST } : {}) },
})
const start = (more: object): RegistryRequest => ({ kind: 'upload', verb: 'start', name: NAME, ...more })
const uploads = 'team/web/blobs/uploads/'

/** Blobs and uploads. */
export const BLOB_CASES: readonly RegistryCase[] = [
  [
    'a blob pulled',
    'nyy',
    exchange('GET', `team/web/blobs/${DIGEST}`, {
      request: blob('read'),
      transfer: { size: 7340, bytesOut: 7340, mediaType: 'application/octet-stream' },
    }),
  ],
  [
    'a range of a blob',
    'nyy',
    exchange('GET', `team/web/blobs/${DIGEST}`, {
      request: blob('read'),
      status: 206,
      transfer: { size: 100, bytesOut: 100 },
    }),
  ],
  [
    'a blob that the storage delivers',
    'nyy',
    exchange('GET', `team/web/blobs/${DIGEST}?sig=secret`, {
      request: blob('read'),
      status: 307,
      transfer: { size: 120, bytesOut: 120, redirected: true },
    }),
  ],
  [
    'a blob whose client left before the first byte',
    'yyy',
    exchange('GET', `team/web/blobs/${DIGEST}`, {
      request: blob('read'),
      outcome: 'aborted',
      transfer: { size: 7340, complete: false },
    }),
  ],
  [
    'a blob that the registry does not send to its end',
    'yyy',
    exchange('GET', `team/web/blobs/${DIGEST}`, {
      request: blob('read'),
      outcome: 'aborted',
      transfer: { size: 7340, bytesOut: 734, complete: false, cut: 'the registry broke off' },
    }),
  ],
  [
    'a blob that the registry is too broken to deliver',
    'yyy',
    exchange('GET', `team/web/blobs/${DIGEST}`, {
      request: blob('read'),
      outcome: 'failed',
      status: 503,
      reason: 'the registry does not answer',
    }),
  ],
  [
    'a blob checked',
    'nny',
    exchange('HEAD', `team/web/blobs/${DIGEST}`, { request: blob('check'), transfer: { size: 7340 } }),
  ],
  [
    'a blob checked that is not there',
    'nny',
    exchange('HEAD', `team/web/blobs/${DIGEST}`, {
      request: blob('check'),
      outcome: 'failed',
      status: 404,
      transfer: {},
    }),
  ],
  [
    'a blob check that the policy denies',
    'yyy',
    exchange('HEAD', `team/web/blobs/${DIGEST}`, { request: blob('check'), ...denied, status: 401 }),
  ],
  [
    'a blob deleted',
    'yyy',
    exchange('DELETE', `team/web/blobs/${DIGEST}`, { request: blob('delete'), status: 202, transfer: {} }),
  ],
  ['an upload started', 'nny', exchange('POST', uploads, { request: start({}), status: 202, transfer: {} })],
  ['an upload that the policy denies', 'yyy', exchange('POST', uploads, { request: start({}), ...denied })],
  [
    'a blob pushed in one request',
    'nyy',
    exchange('POST', uploads, {
      request: start({ digest: DIGEST }),
      status: 201,
      transfer: { bytesIn: 7340 },
    }),
  ],
  [
    'a blob mounted',
    'yyy',
    exchange('POST', uploads, {
      request: start({ mount: { digest: DIGEST, from: 'team/base' } }),
      status: 201,
      transfer: { digest: DIGEST },
    }),
  ],
  [
    'a mount that became an upload',
    'nny',
    exchange('POST', uploads, {
      request: start({ mount: { digest: DIGEST, from: 'team/base' } }),
      status: 202,
      transfer: {},
    }),
  ],
  [
    'a chunk uploaded',
    'nny',
    exchange('PATCH', `${uploads}b5?_state=secret`, {
      request: step('append'),
      status: 202,
      transfer: { bytesIn: 7340 },
    }),
  ],
  [
    'an upload whose client left',
    'yyy',
    exchange('PATCH', `${uploads}b5`, {
      request: step('append'),
      outcome: 'aborted',
      status: 499,
      transfer: { bytesIn: 100, complete: false },
    }),
  ],
  [
    'a blob pushed',
    'nyy',
    exchange('PUT', `${uploads}b5`, {
      request: step('commit'),
      status: 201,
      transfer: { digest: DIGEST, bytesIn: 67_100, size: 67_100 },
    }),
  ],
  [
    'a blob asked for with too narrow a token',
    'nny',
    withoutRule(
      exchange('GET', `team/web/blobs/${DIGEST}`, {
        request: blob('read'),
        outcome: 'denied',
        status: 401,
        reason: 'the token does not cover this request',
      }),
    ),
  ],
  [
    'a blob whose digest is wrong',
    'yyy',
    exchange('PUT', `${uploads}b5`, {
      request: step('commit'),
      outcome: 'failed',
      status: 400,
      transfer: {},
    }),
  ],
  [
    'an upload asked how far it is',
    'nny',
    exchange('GET', `${uploads}b5`, { request: step('status'), status: 204, transfer: {} }),
  ],
  [
    'an upload cancelled',
    'nny',
    exchange('DELETE', `${uploads}b5`, { request: step('cancel'), status: 204, transfer: {} }),
  ],
]
