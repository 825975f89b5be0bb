import t, { type Test } from 'tap'
import type { AclEntry } from '../../src/policy/acl-entry.ts'
import { compilePolicy, decide } from '../../src/policy/policy.ts'
import { type AclRequest, questionOf } from './acl-case.ts'

/** What is asked, in words `push` or `push prod/api:v1`, and what is granted; then why it is in the table. */
type Row = readonly [ask: string, granted: string, rule: string]

const CI: AclRequest = { account: 'ci', type: 'repository' }

function answer(acl: readonly AclEntry[], ask: string, request: AclRequest = CI): readonly [string, string] {
  const [words = '', reference = 'prod/api'] = ask.split(' ')
  const [name = '', tag] = reference.split(':')
  const { policy, issues } = compilePolicy(acl)
  if (issues.some(({ severity }) => severity === 'error')) throw new Error(JSON.stringify(issues))
  const question = questionOf({
    ...request,
    name,
    actions: words.split(','),
    ...(tag !== undefined && { tag }),
  })
  const { granted, rule } = decide(policy, question)
  return [granted.join(','), rule]
}

function compare(t: Test, acl: readonly AclEntry[], rows: readonly Row[]): void {
  for (const [ask, granted, rule] of rows) t.strictSame(answer(acl, ask), [granted, rule], ask)
}

t.test('applies a rule with tags to these tags only', async t => {
  const acl: readonly AclEntry[] = [
    { match: { name: 'prod/*' }, tags: ['v*', '/^rc-\\d+$/'], actions: ['pull', 'push'], name: 'releases' },
    { match: { name: 'prod/*' }, actions: ['pull'] },
  ]
  compare(t, acl, [
    ['push prod/api:v1', 'push', 'releases'],
    ['push prod/api:rc-2', 'push', 'releases'],
    ['push prod/api:latest', '', 'acl[1]'],
    ['pull prod/api:latest', 'pull', 'acl[1]'],
    ['pull,push prod/api:v1', 'pull,push', 'releases'],
    ['delete prod/api:v1', '', 'releases'],
  ])
})

t.test('grants without a tag what some tag would get', async t => {
  const acl: readonly AclEntry[] = [
    { match: { name: 'prod/*' }, tags: ['v*'], actions: ['push'], name: 'releases' },
    { match: {}, tags: ['v*'], effect: 'deny', actions: ['delete'], name: 'keep' },
    { match: { name: 'prod/*' }, actions: ['pull', 'delete'] },
  ]
  compare(t, acl, [
    ['push', 'push', 'releases'],
    ['pull,push', 'pull,push', 'acl[2]'],
    ['delete', 'delete', 'acl[2]'],
    ['delete prod/api:v1', '', 'releases'],
    ['delete prod/api:w1', 'delete', 'acl[2]'],
    ['push dev/api', '', 'default-deny'],
    ['pull,push,*', 'pull,push', 'acl[2]'],
  ])
})

t.test('takes the actions of a denying rule away and leaves the others to later rules', async t => {
  const acl: readonly AclEntry[] = [
    { match: { name: 'prod/*' }, effect: 'deny', actions: ['push', 'delete'], name: 'frozen' },
    { match: { name: 'secret/*' }, effect: 'deny' },
    { match: {}, actions: ['*'] },
  ]
  compare(t, acl, [
    ['pull', 'pull', 'acl[2]'],
    ['push', '', 'frozen'],
    ['pull,push', 'pull', 'frozen'],
    ['pull,delete prod/api:v1', 'pull', 'frozen'],
    ['overwrite prod/api:v1', '', 'frozen'],
    ['list', 'list', 'acl[2]'],
    ['*', '', 'frozen'],
    ['pull secret/x', '', 'acl[1]'],
    ['whatever secret/x', '', 'acl[1]'],
    ['push,pull,pull dev/x', 'push,pull,pull', 'acl[2]'],
  ])
  const readOnly: readonly AclEntry[] = [
    { match: {}, effect: 'deny', actions: ['push'] },
    { match: {}, actions: ['*'] },
  ]
  t.strictSame(answer(readOnly, '* catalog', { ...CI, type: 'registry' }), ['*', 'acl[1]'])
})

t.test('lets the old words stand for the new ones in a list of rules that never uses them', async t => {
  const old: readonly AclEntry[] = [{ match: {}, actions: ['pull', 'push'] }]
  compare(t, old, [
    ['overwrite,list,mount,push,pull', 'list,mount,overwrite,pull,push', 'acl[0]'],
    ['delete', '', 'acl[0]'],
  ])
  compare(t, [{ match: {}, actions: ['pull'] }], [['overwrite,list,mount', 'list', 'acl[0]']])
  const used: readonly AclEntry[] = [
    { match: { name: 'a' }, actions: ['pull', 'push', 'overwrite'] },
    { match: {}, actions: ['pull', 'push'] },
  ]
  compare(t, used, [
    ['overwrite,list,mount a:v1', 'list,mount,overwrite', 'acl[0]'],
    ['overwrite,list,mount b:v1', 'list,mount', 'acl[1]'],
  ])
  compare(t, [...used, { match: {}, roles: ['reader'] }], [['list b:v1', '', 'acl[1]']])
  compare(t, [...used, { match: {}, effect: 'deny', actions: ['mount'] }], [['mount b:v1', '', 'acl[1]']])
  compare(t, [{ match: {}, actions: ['*'] }], [['overwrite,list', 'overwrite,list', 'acl[0]']])
})

t.test('grants a push without a tag where an existing tag may be moved', async t => {
  const acl: readonly AclEntry[] = [{ match: {}, actions: ['overwrite'], name: 'move' }]
  compare(t, acl, [
    ['push', 'push', 'move'],
    ['push prod/api:v1', '', 'move'],
    ['overwrite prod/api:v1', 'overwrite', 'move'],
  ])
  const noCreate: readonly AclEntry[] = [
    { match: {}, effect: 'deny', actions: ['push'] },
    { match: {}, actions: ['push', 'overwrite'] },
  ]
  compare(t, noCreate, [
    ['push', 'push', 'acl[1]'],
    ['push prod/api:v1', '', 'acl[0]'],
  ])
})

t.test('adds the actions of roles', async t => {
  const acl = (...roles: AclEntry['roles'] & object): readonly AclEntry[] => [{ match: {}, roles }]
  const all = 'pull,list,push,overwrite,mount,delete'
  compare(t, acl('reader'), [[all, 'list,pull', 'acl[0]']])
  compare(t, acl('writer'), [[all, 'list,mount,overwrite,pull,push', 'acl[0]']])
  compare(t, acl('admin'), [[`${all},*`, `${all},*`, 'acl[0]']])
  compare(t, [{ match: {}, roles: ['reader'], actions: ['delete'] }], [[all, 'delete,list,pull', 'acl[0]']])
  compare(t, [{ match: {}, roles: ['reader'], actions: ['*'] }], [[all, all, 'acl[0]']])
})

t.test('ends a rule with its last day, or at its moment', async t => {
  const cases = [
    ['2027-01-31', '2027-01-31T23:59:59.999Z', true],
    ['2027-01-31', '2027-02-01T00:00:00Z', false],
    ['2028-02-29', '2028-02-29T12:00:00Z', true],
    ['2027-01-31T18:00:00+01:00', '2027-01-31T16:59:59Z', true],
    ['2027-01-31T18:00:00+01:00', '2027-01-31T17:00:00Z', false],
    ['2027-01-31t18:00:00.5z', '2027-01-31T18:00:00.4Z', true],
  ] as const
  for (const [until, at, holds] of cases) {
    const acl = [{ match: {}, actions: ['pull'], until }]
    t.equal(answer(acl, 'pull', { ...CI, at })[1], holds ? 'acl[0]' : 'default-deny', `${at} until ${until}`)
  }
})

t.test('applies a rule in its hours, on its days, in its zone', async t => {
  // 2027-01-29 is a Friday.
  const cases = [
    ['08:00-18:00', '2027-01-29T08:00:00Z', true],
    ['08:00-18:00', '2027-01-29T07:59:59Z', false],
    ['8:00-18:00', '2027-01-29T18:00:00Z', false],
    ['mon-fri 08:00-18:00', '2027-01-30T09:00:00Z', false],
    ['mon-fri 08:00-18:00 utc', '2027-01-29T09:00:00Z', true],
    ['fri-mon 08:00-18:00', '2027-01-31T09:00:00Z', true],
    ['Sat,Sun 00:00-24:00', '2027-01-31T23:59:00Z', true],
    ['fri 22:00-06:00', '2027-01-30T05:59:00Z', true],
    ['fri 22:00-06:00', '2027-01-29T05:59:00Z', false],
    ['fri 22:00-06:00', '2027-01-30T22:00:00Z', false],
    ['08:00-18:00 Europe/Berlin', '2027-01-29T17:30:00Z', false],
    ['08:00-18:00 Europe/Berlin', '2027-07-29T06:30:00Z', true],
    ['sat 00:00-01:00 Europe/Berlin', '2027-01-29T23:30:00Z', true],
  ] as const
  for (const [hours, at, holds] of cases) {
    const acl = [{ match: {}, actions: ['pull'], hours }]
    t.equal(answer(acl, 'pull', { ...CI, at })[1], holds ? 'acl[0]' : 'default-deny', `${at} in ${hours}`)
  }
})

t.test('applies a rule to its user agents', async t => {
  const acl = [{ match: {}, actions: ['pull'], clients: ['/^docker\\//', 'skopeo/?*'] }]
  for (const [client, holds] of [
    ['docker/27.3.1 go/go1.22 (linux)', true],
    ['skopeo/1.9', true],
    ['skopeo/', false],
    ['curl/8 docker/27', false],
    [undefined, false],
  ] as const) {
    const request = { ...CI, ...(client !== undefined && { client }) }
    t.equal(answer(acl, 'pull', request)[1], holds ? 'acl[0]' : 'default-deny', client ?? 'none')
  }
  const none = [{ match: {}, actions: ['pull'], clients: [''] }]
  t.equal(answer(none, 'pull')[1], 'acl[0]', 'a client without a name')
})

t.test('inserts variables, labels and captures into tags and clients', async t => {
  const acl: readonly AclEntry[] = [
    {
      match: { account: '/^(.+)-bot$/' },
      actions: ['push'],
      tags: ['${account:1}-*', '${labels:team}-*', '${account}'],
    },
  ]
  const bot = { ...CI, account: 'x-bot', labels: { team: ['a', 'b'] } }
  for (const [tag, granted] of [
    ['x-1', 'push'],
    ['b-1', 'push'],
    ['x-bot', 'push'],
    ['c-1', ''],
  ] as const) {
    t.equal(answer(acl, `push r:${tag}`, bot)[0], granted, tag)
  }
})
