import t from 'tap'
import type { AclEntry } from '../../src/policy/acl-entry.ts'
import { explain } from '../../src/policy/explain.ts'
import { compilePolicy, decide } from '../../src/policy/policy.ts'
import { type AclRequest, questionOf } from './acl-case.ts'

t.test('names tag, rule and what would have been needed', async t => {
  const acl: readonly AclEntry[] = [
    { match: { name: 'prod/*' }, name: 'frozen', effect: 'deny', actions: ['delete'] },
    { match: { name: 'prod/*' }, name: 'releases', tags: ['v*'], actions: ['pull', 'push'] },
    { match: { account: 'guest' }, name: 'readers', until: '2027-01-31', actions: ['pull'] },
    { match: { account: 'night' }, name: 'night', hours: '22:00-06:00', actions: ['pull'] },
    { match: { account: 'tmp' }, until: '2027-01-31T18:00:00Z', actions: ['pull'] },
    { match: { account: 'reader' }, name: 'read only', actions: ['pull'] },
  ]
  const { policy } = compilePolicy(acl)
  const cases: readonly (readonly [AclRequest, string])[] = [
    [
      { account: 'ci', name: 'prod/api', tag: 'v1', actions: ['overwrite', 'delete'] },
      'ci may not delete from prod/api:v1: rule "frozen" denies delete',
    ],
    [
      { account: 'ci', name: 'prod/api', tag: 'latest', actions: ['push'] },
      'ci may not push to prod/api:latest: no rule matches (default-deny); rule "releases" allows pull, push on tags v*',
    ],
    [
      { account: 'guest', name: 'a', actions: ['pull'] },
      'guest may not pull from a: no rule matches (default-deny); rule "readers" ended on 2027-01-31',
    ],
    [
      { account: 'guest', name: 'a', actions: ['push'] },
      'guest may not push to a: no rule matches (default-deny); nearest rule "releases" allows pull, push on prod/*',
    ],
    [
      { account: 'night', name: 'a', actions: ['pull'] },
      'night may not pull from a: no rule matches (default-deny); rule "night" holds only 22:00-06:00',
    ],
    [
      { account: 'tmp', name: 'a', actions: ['pull'] },
      'tmp may not pull from a: no rule matches (default-deny); acl[4] ended at 2027-01-31T18:00:00Z',
    ],
    [
      { account: 'reader', name: 'a', tag: 't', actions: ['overwrite'] },
      'reader may not overwrite a:t: rule "read only" allows only pull',
    ],
    [
      { account: 'ci', name: 'b', actions: ['list'] },
      'ci may not list the tags of b: no rule matches (default-deny); nearest rule "releases" allows pull, push on prod/*',
    ],
    [
      { account: 'ci', name: 'prod/api', tag: 't'.repeat(128), actions: ['mount'] },
      `ci may not mount into prod/api:${'t'.repeat(29)}...: no rule matches (default-deny); rule "releases" allows pull, push on tags v*`,
    ],
  ]
  for (const [request, expected] of cases) {
    const question = questionOf({ type: 'repository', at: '2027-03-01T12:00:00Z', ...request })
    t.equal(decide(policy, question).reason, expected)
  }
})

t.test('explains rules with tags as what they add', async t => {
  const { policy } = compilePolicy([
    { match: {}, name: 'tags', tags: ['v*'], actions: ['push'] },
    { match: {}, tags: ['v*'], effect: 'deny' },
    { match: {}, actions: ['pull'] },
  ])
  const question = questionOf({ account: 'ci', type: 'repository', name: 'a', actions: ['pull', 'push'] })
  t.strictSame(explain(policy, question).tried, [
    { rule: 'acl[0]', index: 0, name: 'tags', says: 'rule "tags" allows push' },
    { rule: 'acl[1]', index: 1, failed: { name: 'tags', pattern: 'v*', value: 'no tag' } },
    { rule: 'acl[2]', index: 2, says: 'acl[2] allows pull' },
  ])
})
