import t from 'tap'
import { createRecentTags } from '../../src/audit/recent-tags.ts'
import type { AuditEvent } from '../../src/model/audit-event.ts'

const base: AuditEvent = {
  time: '2026-11-24T16:06:00.123Z',
  id: '01JDF3Z8K3T9V7Q6M2X4B5C6D7',
  action: 'pull',
  kind: 'manifest',
  outcome: 'success',
  actor: { name: 'ann', kind: 'user' },
  client_ip: '203.0.113.7',
  repository: 'team/web',
  digest: 'sha256:aa',
}
const head: AuditEvent = { ...base, action: 'check', tag: '1.0' }

t.test('a pull by digest gets the tag that the same subject resolved', async t => {
  const cases: readonly (readonly [string, AuditEvent, AuditEvent, string | undefined])[] = [
    ['after HEAD by tag', head, base, '1.0'],
    ['after GET by tag', { ...head, action: 'pull' }, base, '1.0'],
    ['after the push of the tag', { ...head, action: 'overwrite' }, base, '1.0'],
    ['of an index', { ...head, kind: 'index' }, { ...base, kind: 'index' }, '1.0'],
    ['never of another repository', head, { ...base, repository: 'team/api' }, undefined],
    ['never of another digest', head, { ...base, digest: 'sha256:bb' }, undefined],
    ['never of another subject', head, { ...base, actor: { name: 'bob', kind: 'user' } }, undefined],
    ['never from another address', head, { ...base, client_ip: '203.0.113.8' }, undefined],
    ['never after a failed look-up', { ...head, outcome: 'failed' }, base, undefined],
    ['never for a blob', head, { ...base, kind: 'blob' }, undefined],
    ['never for a delete', head, { ...base, action: 'delete' }, undefined],
    ['but keeps its own', head, { ...base, tag: 'latest' }, 'latest'],
  ]
  for (const [why, first, second, tag] of cases) {
    const withRecentTag = createRecentTags({ clock: () => 1 })
    t.equal(withRecentTag(first), first, why)
    t.strictSame(withRecentTag(second), tag === undefined ? second : { ...second, tag }, why)
  }
})

t.test('tags are forgotten after their time and beyond their number', async t => {
  let now = 1
  const withRecentTag = createRecentTags({ clock: () => now, max: 2, ttlMs: 1000 })
  withRecentTag(head)
  now = 1000
  t.equal(withRecentTag(base).tag, '1.0')
  now = 1100
  t.equal(withRecentTag(base).tag, undefined)
  for (const digest of ['sha256:1', 'sha256:2', 'sha256:3']) withRecentTag({ ...head, digest })
  t.equal(withRecentTag({ ...base, digest: 'sha256:1' }).tag, undefined)
  t.equal(withRecentTag({ ...base, digest: 'sha256:3' }).tag, '1.0')
})
