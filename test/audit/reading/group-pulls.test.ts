import t from 'tap'
import type { AuditRecord } from '../../../src/audit/audit-fields.ts'
import { createPullGrouping, type ImagePull } from '../../../src/audit/reading/group-pulls.ts'
import { record } from './log-files.ts'

const START = Date.UTC(2026, 10, 24, 16)

/** A record that ends so many seconds after the start. */
function at(seconds: number, fields: Partial<AuditRecord> = {}): AuditRecord {
  return record({
    time: new Date(START + seconds * 1_000).toISOString(),
    duration_ms: 1_000,
    digest: 'sha256:m',
    ...fields,
  })
}

function blob(seconds: number, digest: string, fields: Partial<AuditRecord> = {}): AuditRecord {
  return at(seconds, { kind: 'blob', tag: undefined, digest, bytes_out: 100, ...fields })
}

function group(records: readonly AuditRecord[]): readonly ImagePull[] {
  const grouping = createPullGrouping()
  return [...records.flatMap(grouping.add), ...grouping.end()]
}

const brief = (records: readonly AuditRecord[]) =>
  group(records).map(({ tag, digest, blobs, bytes }) => [tag, digest, blobs, bytes])

t.test('an index, its manifest and the blobs are one pull', async t => {
  const pulls = group([
    at(1, { kind: 'index', digest: 'sha256:i', bytes_out: 10 }),
    at(2, { bytes_out: 20 }),
    blob(3, 'sha256:a'),
    blob(9, 'sha256:b', { duration_ms: 6_000 }),
    blob(9, 'sha256:b'),
  ])
  t.strictSame(pulls, [
    {
      time: '2026-11-24T16:00:09.000Z',
      actor: 'ann',
      client: '203.0.113.7',
      repository: 'team/web',
      tag: '1.0',
      digest: 'sha256:i',
      outcome: 'success',
      reason: undefined,
      blobs: 2,
      bytes: 330,
      isRedirected: false,
      durationMs: 9_000,
    },
  ])
})

const CASES = [
  {
    why: 'clients, users and repositories are told apart',
    records: [
      at(1),
      at(1, { client_ip: '203.0.113.8', tag: 'b' }),
      at(1, { actor: { name: 'bob', kind: 'user' }, tag: 'c' }),
      at(1, { repository: 'team/api', tag: 'd' }),
      blob(2, 'sha256:a', { client_ip: '203.0.113.8' }),
    ],
    pulls: [
      ['1.0', 'sha256:m', 0, 0],
      ['b', 'sha256:m', 1, 100],
      ['c', 'sha256:m', 0, 0],
      ['d', 'sha256:m', 0, 0],
    ],
  },
  {
    why: 'another tag is another pull, and what follows is its own',
    records: [at(1), blob(2, 'sha256:a'), at(3, { tag: '2.0', digest: 'sha256:n' }), blob(4, 'sha256:b')],
    pulls: [
      ['1.0', 'sha256:m', 1, 100],
      ['2.0', 'sha256:n', 1, 100],
    ],
  },
  {
    why: 'the same manifest by tag and then by digest is one pull, after blobs another',
    records: [at(1), at(2, { tag: undefined }), blob(3, 'sha256:a'), at(4)],
    pulls: [
      ['1.0', 'sha256:m', 1, 100],
      ['1.0', 'sha256:m', 0, 0],
    ],
  },
  {
    why: 'a blob asked for after ten minutes is of no pull, one that took as long is',
    records: [at(1), blob(900, 'sha256:a', { duration_ms: 890_000 }), blob(900, 'sha256:b')],
    pulls: [['1.0', 'sha256:m', 1, 100]],
  },
  {
    why: 'blobs without a manifest, pushes and lists are no pulls',
    records: [blob(1, 'sha256:a'), at(2, { action: 'push' }), at(3, { action: 'list', kind: 'tags' })],
    pulls: [],
  },
]

for (const { why, records, pulls } of CASES) {
  t.test(why, async t => {
    t.strictSame(brief(records), pulls)
  })
}

t.test('a pull is told of once it is over, and is as good as its worst part', async t => {
  const grouping = createPullGrouping()
  t.strictSame(grouping.add(at(1)), [])
  t.strictSame(grouping.add(blob(2, 'sha256:a', { outcome: 'aborted', reason: 'the client left' })), [])
  t.strictSame(grouping.add(blob(3, 'sha256:b', { redirected: true })), [])
  const over = grouping.add(at(3_700, { client_ip: '192.0.2.1', action: 'check' }))
  t.match(over, [{ outcome: 'aborted', reason: 'the client left', isRedirected: true }])
  t.strictSame(grouping.end(), [])
})

t.test('no more than ten thousand pulls are kept open', async t => {
  const grouping = createPullGrouping()
  const over = Array.from({ length: 10_100 }, (_, n) => at(1, { repository: `r${n}` })).flatMap(grouping.add)
  t.equal(over.length, 100)
  t.equal(over[0]?.repository, 'r0')
})
