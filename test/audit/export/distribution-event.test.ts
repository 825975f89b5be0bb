import t from 'tap'
import { distributionEventOf } from '../../../src/audit/export/distribution-event.ts'
import { record } from '../reading/log-files.ts'

const DIGEST = `sha256:${'9b'.repeat(32)}`

const PULLED = record({
  seq: 7,
  digest: DIGEST,
  media_type: 'application/vnd.oci.image.manifest.v1+json',
  size: 1580,
  method: 'GET',
  host: 'registry.example.com',
  user_agent: 'docker/27.3.1',
  tls: '1.3',
})

t.test('a pulled manifest is told of with everything that distribution has', async t => {
  t.strictSame(JSON.parse(JSON.stringify(distributionEventOf(PULLED))), {
    id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7-7',
    timestamp: '2026-11-24T16:00:07.000Z',
    action: 'pull',
    target: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: DIGEST,
      size: 1580,
      length: 1580,
      repository: 'team/web',
      url: `https://registry.example.com/v2/team/web/manifests/${DIGEST}`,
      tag: '1.0',
    },
    request: {
      id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7',
      addr: '203.0.113.7',
      host: 'registry.example.com',
      method: 'GET',
      useragent: 'docker/27.3.1',
    },
    actor: { name: 'ann' },
    source: { addr: 'gw-1' },
  })
})

t.test('an overwritten tag is a push', async t => {
  const event = distributionEventOf({ ...PULLED, action: 'overwrite' })
  t.match(event, { action: 'push', target: { tag: '1.0', digest: DIGEST } })
})

t.test('a mounted blob names the repository that it came from', async t => {
  const { tag: _tag, ...rest } = PULLED
  const event = distributionEventOf({ ...rest, action: 'mount', kind: 'blob', from: 'team/base' })
  t.match(event, {
    action: 'mount',
    target: {
      mediaType: 'application/octet-stream',
      fromRepository: 'team/base',
      url: `https://registry.example.com/v2/team/web/blobs/${DIGEST}`,
    },
  })
})

t.test('a deleted manifest has its digest, a deleted tag only its name', async t => {
  const target = (kind: 'manifest' | 'tag') =>
    distributionEventOf({ ...PULLED, action: 'delete', kind })?.target
  t.strictSame(target('manifest'), { digest: DIGEST, repository: 'team/web' })
  t.strictSame(target('tag'), { repository: 'team/web', tag: '1.0' })
})

t.test('an anonymous client has no name', async t => {
  const event = distributionEventOf({ ...PULLED, actor: { name: 'anonymous', kind: 'anonymous' } })
  t.strictSame(event?.actor, {})
})

const UNTOLD = [
  { why: 'denied', fields: { outcome: 'denied' } },
  { why: 'failed', fields: { outcome: 'failed' } },
  { why: 'aborted', fields: { outcome: 'aborted' } },
  { why: 'the client has it', fields: { status: 304 } },
  { why: 'only checked', fields: { action: 'check' } },
  { why: 'a list', fields: { action: 'list', kind: 'tags' } },
  { why: 'a login', fields: { action: 'login', kind: 'session' } },
  { why: 'a step of an upload', fields: { action: 'push', kind: 'session' } },
  { why: 'not of a repository', fields: { repository: undefined } },
] as const

for (const { why, fields } of UNTOLD) {
  t.test(`no event: ${why}`, async t => {
    t.equal(distributionEventOf({ ...PULLED, ...fields }), undefined)
  })
}
