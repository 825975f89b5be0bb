import t from 'tap'
import type { Subject } from '../../src/model/subject.ts'
import { hasAnyRight } from '../../src/policy/any-right.ts'
import { compilePolicy } from '../../src/policy/policy.ts'
import { type PolicyTest, runPolicyTests } from '../../src/policy/policy-test.ts'
import { whoCan } from '../../src/policy/who-can.ts'
import { questionOf } from './acl-case.ts'

const { policy } = compilePolicy([
  { match: { account: 'banned' }, actions: [], name: 'banned' },
  { match: { labels: { role: 'admin' } }, actions: ['*'] },
  {
    match: { name: 'prod/*' },
    tags: ['v*'],
    effect: 'deny',
    actions: ['push', 'overwrite'],
    name: 'releases',
  },
  { match: { labels: { team: '*' }, name: 'prod/*' }, roles: ['writer'], name: 'teams' },
  { match: { name: 'public/*' }, actions: ['pull', 'list'] },
])

const SUBJECTS: readonly Subject[] = [
  { name: '', via: 'anonymous', labels: {} },
  { name: 'admin', via: 'static', labels: { role: ['admin'] } },
  { name: 'dev', via: 'static', labels: { team: ['a'] } },
  { name: 'banned', via: 'static', labels: { role: ['admin'] } },
]

t.test('lists those who may do it and by which rule', async t => {
  const who = (actions: readonly string[], name: string, tag?: string) =>
    whoCan(policy, {
      subjects: SUBJECTS,
      access: { type: 'repository', name, actions },
      service: '',
      clientIp: '',
      now: 0,
      ...(tag !== undefined && { tag }),
    }).map(({ subject, rule }) => `${subject.name} ${rule}`)
  t.strictSame(who(['pull'], 'public/x'), [' acl[4]', 'admin acl[1]', 'dev acl[4]'])
  t.strictSame(who(['push'], 'prod/x'), ['admin acl[1]', 'dev teams'])
  t.strictSame(who(['push'], 'prod/x', 'v1'), ['admin acl[1]'])
  t.strictSame(who(['pull', 'push'], 'public/x'), ['admin acl[1]'])
})

t.test('knows who has no right at all', async t => {
  t.strictSame(
    SUBJECTS.map(subject => hasAnyRight(policy, subject)),
    [true, true, true, false],
  )
  const closed = compilePolicy([
    { match: { account: 'x' }, effect: 'deny', actions: ['push'] },
    { match: { account: 'x', name: 'a' }, actions: [] },
    { match: { account: '?*' }, effect: 'deny' },
    { match: {}, actions: ['pull'] },
  ]).policy
  t.equal(hasAnyRight(closed, { name: 'x', via: 'static', labels: {} }), false)
  t.equal(hasAnyRight(closed, { name: '', via: 'anonymous', labels: {} }), true)
})

t.test('runs tests of a policy and says how an answer differs', async t => {
  const pull = questionOf({ account: 'dev', type: 'repository', name: 'public/x', actions: ['pull'] })
  const push = { ...pull, access: { ...pull.access, actions: ['push'] } }
  const tests: readonly PolicyTest[] = [
    { question: pull, expect: 'allow' },
    { question: pull, expect: 'allow', rule: 'acl[4]' },
    { question: push, expect: 'deny' },
    { question: push, expect: 'allow' },
    { question: pull, expect: 'deny' },
    { question: pull, expect: 'allow', rule: 'teams' },
  ]
  t.strictSame(
    runPolicyTests(policy, tests).map(({ fault }) => fault),
    [
      undefined,
      undefined,
      undefined,
      'expected allow, got deny: dev may not push to public/x: acl[4] allows only pull, list',
      'expected deny, got allow: acl[4] allows pull, list',
      'expected allow by teams, got it by acl[4]: acl[4] allows pull, list',
    ],
  )
})
