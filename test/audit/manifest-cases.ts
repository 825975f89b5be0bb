import {
  anonymous,
  DIGEST,
  denied,
  exchange,
  MANIFEST_TYPE,
  manifest,
  OLD_DIGEST,
  peer,
  type RegistryCase,
} from './exchange.ts'

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json'
const found = { digest: DIGEST, size: 1580, bytesOut: 1580, mediaType: MANIFEST_TYPE }

/** Everything about manifests and tags. */
export const MANIFEST_CASES: readonly RegistryCase[] = [
  [
    'a manifest pulled by tag',
    'yyy',
    exchange('GET', 'team/web/manifests/1.0', {
      request: manifest('read', '1.0'),
      transfer: { ...found, mediaType: `${MANIFEST_TYPE}; charset=utf-8` },
      imageSize: 73_400_320,
      peer: { ...peer, peerIp: '10.0.0.2', userAgent: `docker/27.3.1 ${'x'.repeat(300)}`, tls: '1.3' },
    }),
  ],
  [
    'an index pulled by digest, anonymously',
    'yyy',
    exchange('GET', `team/web/manifests/${DIGEST}`, {
      request: manifest('read', DIGEST),
      identity: anonymous,
      transfer: { ...found, mediaType: INDEX_TYPE },
    }),
  ],
  [
    'a manifest that the client has already',
    'yyy',
    exchange('GET', 'team/web/manifests/1.0', {
      request: manifest('read', '1.0'),
      status: 304,
      transfer: { digest: DIGEST },
    }),
  ],
  [
    'a manifest that is not there',
    'yyy',
    exchange('GET', 'team/web/manifests/2.0', {
      request: manifest('read', '2.0'),
      status: 404,
      transfer: { size: 90, bytesOut: 90, mediaType: 'application/json' },
    }),
  ],
  [
    'a manifest checked by tag',
    'yyy',
    exchange('HEAD', 'team/web/manifests/1.0', {
      request: manifest('check', '1.0'),
      transfer: { ...found, bytesOut: 0 },
    }),
  ],
  [
    'a manifest checked that is not there',
    'yyy',
    exchange('HEAD', 'team/web/manifests/2.0', {
      request: manifest('check', '2.0'),
      status: 404,
      transfer: { size: 90 },
    }),
  ],
  [
    'a pull that the policy denies',
    'yyy',
    exchange('GET', 'team/web/manifests/1.0', { request: manifest('read', '1.0'), ...denied }),
  ],
  [
    'a new tag',
    'yyy',
    exchange('PUT', 'team/web/manifests/1.0', {
      request: manifest('write', '1.0'),
      status: 201,
      pushedMediaType: MANIFEST_TYPE,
      imageSize: 73_400_320,
      transfer: { digest: DIGEST, bytesIn: 1580 },
    }),
  ],
  [
    'a tag moved to another index',
    'yyy',
    exchange('PUT', 'team/web/manifests/1.0', {
      request: manifest('write', '1.0'),
      status: 201,
      previousDigest: OLD_DIGEST,
      pushedMediaType: INDEX_TYPE,
      transfer: { digest: DIGEST, bytesIn: 1580 },
    }),
  ],
  [
    'a tag pushed again with what it holds',
    'yyy',
    exchange('PUT', 'team/web/manifests/1.0', {
      request: manifest('write', '1.0'),
      status: 201,
      previousDigest: DIGEST,
      pushedMediaType: MANIFEST_TYPE,
      transfer: { digest: DIGEST, bytesIn: 1580 },
    }),
  ],
  [
    'a child manifest pushed by digest',
    'yyy',
    exchange('PUT', `team/web/manifests/${DIGEST}`, {
      request: manifest('write', DIGEST),
      status: 201,
      previousDigest: OLD_DIGEST,
      pushedMediaType: MANIFEST_TYPE,
      transfer: { digest: DIGEST, bytesIn: 1580 },
    }),
  ],
  [
    'a signature that names what it signs',
    'yyy',
    exchange('PUT', `team/web/manifests/${DIGEST}`, {
      request: manifest('write', DIGEST),
      status: 201,
      pushedMediaType: MANIFEST_TYPE,
      manifestSubject: OLD_DIGEST,
      imageSize: 0,
      transfer: { digest: DIGEST, bytesIn: 1580 },
    }),
  ],
  [
    'a signature whose tag names what it signs',
    'yyy',
    exchange('PUT', `team/web/manifests/${OLD_DIGEST.replace(':', '-')}.sig`, {
      request: manifest('write', `${OLD_DIGEST.replace(':', '-')}.sig`),
      status: 201,
      pushedMediaType: MANIFEST_TYPE,
      transfer: { digest: DIGEST, bytesIn: 1580 },
    }),
  ],
  [
    'a manifest that the registry refuses',
    'yyy',
    exchange('PUT', 'team/web/manifests/1.0', {
      request: manifest('write', '1.0'),
      outcome: 'failed',
      status: 400,
      previousDigest: OLD_DIGEST,
      pushedMediaType: MANIFEST_TYPE,
      transfer: { bytesIn: 1580 },
    }),
  ],
  [
    'a push that the policy denies',
    'yyy',
    exchange('PUT', 'team/web/manifests/1.0', {
      request: manifest('write', '1.0'),
      ...denied,
      pushedMediaType: MANIFEST_TYPE,
    }),
  ],
  [
    'a manifest deleted with all its tags',
    'yyy',
    exchange('DELETE', `team/web/manifests/${DIGEST}`, {
      request: manifest('delete', DIGEST),
      status: 202,
      removedTags: ['1.0', 'latest'],
      transfer: {},
    }),
  ],
  [
    'a tag deleted',
    'yyy',
    exchange('DELETE', 'team/web/manifests/1.0', {
      request: manifest('delete', '1.0'),
      status: 202,
      previousDigest: OLD_DIGEST,
      transfer: {},
    }),
  ],
  [
    'a delete that the policy denies',
    'yyy',
    exchange('DELETE', `team/web/manifests/${DIGEST}`, { request: manifest('delete', DIGEST), ...denied }),
  ],
]
