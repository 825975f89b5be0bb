// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are docker_auth's
import t from 'tap'
import type { AclEntry } from '../../src/policy/acl-entry.ts'
import { explain } from '../../src/policy/explain.ts'
import { compilePolicy, decide } from '../../src/policy/policy.ts'
import { type AclRequest, questionOf } from './acl-case.ts'

const ACL: readonly AclEntry[] = [
  { match: { account: 'username1' }, actions: ['*'] },
  { match: { labels: { role: 'administrator' } }, actions: ['*'], comment: 'admins' },
  { match: { account: 'robot', ip: '10.0.0.0/8' }, actions: [] },
  { match: { labels: { role: 'developer' }, name: 'dev-${labels:team}/*' }, actions: ['push', 'pull'] },
  { match: { account: 'username3' }, actions: ['pull'] },
  { match: { account: 'own.er', name: '${account}/*' }, actions: ['pull'] },
]

const { policy } = compilePolicy(ACL)

function developer(...team: string[]): AclRequest {
  return { account: 'developer', type: 'repository', labels: { role: ['developer'], team } }
}

function reason(request: AclRequest): string {
  return decide(policy, questionOf({ type: 'repository', ...request })).reason
}

t.test('says who may not do what to which repository and which rule decides', async t => {
  const nearest = 'no rule matches (default-deny); nearest acl[3] allows push, pull on'
  const push = ['push']
  const cases: readonly (readonly [AclRequest, string])[] = [
    [{ account: 'username1', name: 'a' }, 'acl[0] allows *'],
    [{ ...developer('backend'), name: 'dev-backend/x' }, 'acl[3] allows push, pull'],
    [
      { ...developer('backend'), name: 'library/x', actions: push },
      `developer may not push to library/x: ${nearest} dev-backend/*`,
    ],
    [
      { ...developer('a', 'b'), name: 'x', actions: ['delete'] },
      `developer may not delete from x: ${nearest} dev-a/* or dev-b/*`,
    ],
    [
      { ...developer('a', 'b', 'c', 'd'), name: 'x', actions: ['*'] },
      `developer may not have all rights on x: ${nearest} dev-\${labels:team}/*`,
    ],
    [
      { ...developer(), name: 'x', actions: push },
      `developer may not push to x: ${nearest} dev-\${labels:team}/*`,
    ],
    [
      { account: 'own.er', name: 'x/y' },
      'own.er may not pull, push on x/y: no rule matches (default-deny); nearest acl[5] allows pull on own.er/*',
    ],
    [
      { account: 'username3', name: 'a/b', actions: push },
      'username3 may not push to a/b: acl[4] allows only pull',
    ],
    [{ account: 'username3', name: 'a/b' }, 'username3 may not push to a/b: acl[4] allows only pull'],
    [
      { account: 'robot', ip: '10.1.1.1', name: 'a', actions: ['pull'] },
      'robot may not pull from a: acl[2] allows nothing',
    ],
    [{ name: 'a', actions: ['pull'] }, 'anonymous may not pull from a: no rule matches (default-deny)'],
    [{ name: 'a', actions: [] }, 'anonymous may not access a: no rule matches (default-deny)'],
    [{ name: 'a', actions: [''] }, 'anonymous may not (no action) on a: no rule matches (default-deny)'],
    [
      { account: 'username3', type: 'registry', name: 'catalog', actions: ['*'] },
      'username3 may not list the catalog: acl[4] allows only pull',
    ],
    [
      { type: 'registry', name: 'x', actions: push },
      'anonymous may not push to registry x: no rule matches (default-deny)',
    ],
    [
      { account: 'Zoë\n\u{1f600}', name: 'a', actions: push },
      'Zo??? may not push to a: no rule matches (default-deny)',
    ],
    [
      { account: 'u'.repeat(40), name: 'n'.repeat(80), actions: ['a'.repeat(30), 'b'] },
      `${'u'.repeat(29)}... may not ${'a'.repeat(21)}... on ${'n'.repeat(57)}...: no rule matches (default-deny)`,
    ],
  ]
  for (const [request, expected] of cases) t.equal(reason(request), expected)
})

t.test('keeps every reason within 200 printable ASCII characters', async t => {
  const long = 'é'.repeat(300)
  const entries: readonly AclEntry[] = [
    { match: { account: 'a', name: long }, actions: [long, long] },
    { match: { account: long }, actions: [long] },
  ]
  const { policy } = compilePolicy(entries)
  for (const account of ['a', long, 'b']) {
    for (const actions of [[long], ['pull', long]]) {
      const { reason } = decide(policy, questionOf({ account, type: long, name: `${long}/`, actions }))
      t.match(reason, /^[\x20-\x7e]{1,200}$/)
    }
  }
})

t.test('explains each rule tried by the first condition that failed', async t => {
  const question = questionOf({ ...developer('backend'), name: 'library/x', actions: ['push'] })
  const failed = (name: string, pattern: string, value: string) => ({ failed: { name, pattern, value } })
  t.strictSame(explain(policy, question), {
    decision: decide(policy, question),
    tried: [
      { rule: 'acl[0]', index: 0, ...failed('account', 'username1', 'developer') },
      { rule: 'acl[1]', index: 1, comment: 'admins', ...failed('labels.role', 'administrator', 'developer') },
      { rule: 'acl[2]', index: 2, ...failed('account', 'robot', 'developer') },
      { rule: 'acl[3]', index: 3, ...failed('name', 'dev-${labels:team}/*', 'library/x') },
      { rule: 'acl[4]', index: 4, ...failed('account', 'username3', 'developer') },
      { rule: 'acl[5]', index: 5, ...failed('account', 'own.er', 'developer') },
    ],
  })
})

t.test('ends the explanation with the rule that decides', async t => {
  const question = questionOf({ account: 'robot', ip: '192.0.2.1', labels: { role: ['x', 'administrator'] } })
  t.strictSame(explain(policy, question).tried.slice(1), [
    { rule: 'acl[1]', index: 1, comment: 'admins', says: 'acl[1] allows *' },
  ])
  const stranger = explain(policy, questionOf({ account: 'robot', ip: '192.0.2.1' }))
  t.strictSame(stranger.tried[2]?.failed, { name: 'ip', pattern: '10.0.0.0/8', value: '192.0.2.1' })
})
