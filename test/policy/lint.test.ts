import t from 'tap'
import type { AclEntry, AclMatch } from '../../src/policy/acl-entry.ts'
import { compilePolicy } from '../../src/policy/policy.ts'
import { issuesOf, silent } from './lint-case.ts'

t.test('warns of rules that an earlier one leaves nothing', async t => {
  const shadowed: readonly (readonly [AclMatch, AclMatch])[] = [
    [{ name: 'a' }, { name: 'a' }],
    [{ name: 'a/*' }, { name: 'a/b' }],
    [{ name: 'a/*' }, { name: 'a/b', account: 'x' }],
    [{ name: 'a/*' }, { name: 'a/b*', type: 'repository' }],
    [{ name: 'a/*' }, { name: 'a/?b[^x/]c', type: 'x[' }],
    [{ name: '*' }, { name: 'a?c' }],
    [{ name: 'a/*-x' }, { name: 'a/b*-x' }],
    [{ name: 'a*/b' }, { name: 'ac*/b' }],
    [{ name: '/^a/' }, { name: 'a/b' }],
    [{ name: '/.*/' }, { name: '/b/' }],
    [{ account: '*' }, { account: 'x', name: 'b' }],
    [{ account: '/.*/' }, { account: 'x*' }],
    [{ account: 'x' }, { account: 'x', labels: { g: 'v' } }],
    [{ labels: { g: 'a*' } }, { labels: { g: 'ab', h: 'x' } }],
    [{ ip: '10.0.0.0/8' }, { ip: '10.1.0.0/16', name: 'x' }],
    [{ ip: '::ffff:10.0.0.0/104' }, { ip: '10.1.2.3' }],
    [{ ip: '2001:db8::/32' }, { ip: '2001:db8:1::/48' }],
    [{ name: 'd-${labels:team}/*' }, { name: 'd-${labels:team}/*', account: 'x' }],
    [
      { account: '/^(.+)@x$/', name: '${account:1}' },
      { account: '/^(.+)@x$/', name: '${account:1}', ip: '::1' },
    ],
  ]
  for (const [first, second] of shadowed) {
    const found = issuesOf([silent(first), silent(second)]).filter(issue => issue.includes('never reached'))
    const text =
      'warning 1: this rule is never reached: acl[0] matches everything that it does; the first rule that matches decides, so put the special rule first'
    t.strictSame(found, [text], JSON.stringify([first, second]))
  }
})

t.test('does not call a rule unreachable that some request reaches', async t => {
  const open: readonly (readonly [Partial<AclEntry>, AclMatch])[] = [
    [{ match: { name: 'a/*' } }, { name: 'a/b/c' }],
    [{ match: { name: 'a/*' } }, { name: 'a*' }],
    [{ match: { name: 'a/*' } }, { name: 'a/b[^x]c' }],
    [{ match: { name: 'a/*' } }, { name: 'a/*/c' }],
    [{ match: { name: 'a*a' } }, { name: 'a' }],
    [{ match: { name: 'ab*bc' } }, { name: 'ab?c' }],
    [{ match: { name: '*' } }, {}],
    [{ match: { name: 'a/*' } }, { name: '/^a\\/b$/' }],
    [{ match: { name: 'a/b' } }, { name: 'a/*' }],
    [{ match: { name: 'a', account: 'x' } }, { name: 'a' }],
    [{ match: { labels: { g: '*' } } }, { name: 'a' }],
    [{ match: { labels: { g: 'a' } } }, { labels: { g: 'b' } }],
    [{ match: { ip: '10.1.0.0/16' } }, { ip: '10.0.0.0/8' }],
    [{ match: { ip: '0.0.0.0/0' } }, { ip: '::1' }],
    [{ match: { name: 'a' }, tags: ['*'] }, { name: 'a' }],
    [{ match: { name: 'a' }, until: '2027-01-31' }, { name: 'a' }],
    [{ match: { name: 'a' }, hours: '08:00-18:00' }, { name: 'a' }],
    [{ match: { name: 'a' }, clients: ['x'] }, { name: 'a' }],
    [{ match: { name: 'a' }, effect: 'deny', actions: ['push'] }, { name: 'a' }],
    [
      { match: { account: '/^(.+)$/', name: '${account:1}' } },
      { account: '/^(.+)@x$/', name: '${account:1}' },
    ],
  ]
  for (const [first, match] of open) {
    const issues = issuesOf([{ match: {}, actions: [], ...first }, silent(match)])
    t.strictSame(
      issues.filter(issue => issue.includes('reached')),
      [],
      JSON.stringify([first, match]),
    )
  }
  const denied = issuesOf([silent({ name: 'a' }, { effect: 'deny' }), silent({ name: 'a' })])
  t.equal(
    denied.filter(issue => issue.includes('never reached')).length,
    1,
    'a rule that denies everything ends',
  )
})

t.test('names the first rule behind one that matches every request, and shadows before it', async t => {
  const acl = [silent({ name: 'a' }), silent({ name: 'a' }), silent({}), silent({ name: 'b' }), silent({})]
  t.strictSame(
    compilePolicy(acl).issues.map(({ path }) => path),
    [[1], [3]],
  )
})

t.test('warns of rights that everybody has', async t => {
  const rule = (match: AclMatch, actions: readonly string[], more: Partial<AclEntry> = {}) =>
    issuesOf([{ match, actions, ...more }]).filter(issue => issue.includes('everybody'))
  const expected = (severity: string, words: string) => [
    `${severity} 0: this rule allows everybody ${words}, anonymous users too; name an account or a label, or write account: "?*" for all who are logged in`,
  ]
  t.strictSame(rule({}, ['*']), expected('warning', '*'))
  t.strictSame(rule({ name: 'a/*' }, ['pull', 'push']), expected('warning', 'pull, push'))
  t.strictSame(rule({ account: '*', type: 'repository' }, ['push']), expected('warning', 'push'))
  t.strictSame(rule({ account: '/.*/' }, [], { roles: ['writer'] }), expected('warning', 'writer'))
  t.strictSame(rule({ service: 'r' }, ['pull']), expected('note', 'pull'))
  for (const match of [
    { name: 'public/*' },
    { type: 'repository' },
    { account: '' },
    { account: '?*' },
    { account: '/.+/' },
    { labels: { g: '*' } },
    { ip: '10.0.0.0/8' },
    { name: '${account}/*' },
    { name: 'dev-${labels:team}/*' },
  ]) {
    t.strictSame(rule(match, ['pull']), [], JSON.stringify(match))
  }
  t.strictSame(rule({ ip: '10.0.0.0/8' }, ['*']), [])
  t.strictSame(rule({}, ['*'], { clients: ['x'] }), [])
  t.strictSame(rule({}, [], { effect: 'deny' }), [])
  t.strictSame(rule({}, []), [])
})

t.test('notes that nobody may list the catalog', async t => {
  const note = (acl: readonly AclEntry[]) => issuesOf(acl).filter(issue => issue.includes('catalog'))
  const text =
    'note : no rule allows to list the catalog; if that is wanted: match: {type: registry, name: catalog}, actions: ["*"]'
  t.strictSame(note([{ match: { account: 'a' }, actions: ['pull'] }]), [text])
  t.strictSame(note([{ match: { account: 'a', name: 'x/*' }, actions: ['*'] }]), [text])
  t.strictSame(note([{ match: { account: 'a', type: 'repository' }, actions: ['*'] }]), [text])
  for (const entry of [
    { match: { account: 'a' }, actions: ['*'] },
    { match: { type: 'reg*', name: '/cat/' }, actions: ['pull', '*'] },
    { match: { name: '${labels:x}' }, roles: ['admin'] },
    { match: {}, actions: [] },
  ] as const) {
    t.strictSame(note([entry]), [], JSON.stringify(entry))
  }
})

t.test('notes what a new word takes from the old ones', async t => {
  const rule = (...actions: string[]): AclEntry => ({ match: { account: `a-${actions}` }, actions })
  const notes = issuesOf([
    { match: {}, effect: 'deny', actions: ['overwrite'] },
    rule('push', 'overwrite'),
    rule('push'),
    rule('push', 'pull'),
    rule('*'),
  ])
  t.strictSame(notes, [
    'note 0: a rule uses overwrite, so push alone does not move an existing tag: acl[2], acl[3]; add overwrite where it is meant',
  ])
})
