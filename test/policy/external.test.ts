import t from 'tap'
import type { AclMatch } from '../../src/policy/acl-entry.ts'
import { compilePolicy, decide } from '../../src/policy/policy.ts'
import { type AclRequest, questionOf } from './acl-case.ts'

type Row = readonly [match: AclMatch, request: AclRequest, raw: boolean, quoted: boolean]

const MAIL = '/^(.+)@x$/'

const ROWS: readonly Row[] = [
  [{ name: 'dev-${labels:team}/*' }, { name: 'dev-a/x', labels: { team: ['a'] } }, true, true],
  [{ name: 'dev-${labels:team}/*' }, { name: 'dev-b/x', labels: { team: ['*'] } }, true, false],
  [{ name: 'dev-${labels:team}/*' }, { name: 'dev-*/x', labels: { team: ['*'] } }, true, true],
  [{ name: 'dev-${labels:team}/*' }, { name: 'dev-b/x', labels: { team: ['[a-c]'] } }, true, false],
  [{ name: '/^dev-${labels:team}\\//' }, { name: 'dev-b/x', labels: { team: ['.*'] } }, true, false],
  [{ name: '/^dev-${labels:team}\\//' }, { name: 'prod/x', labels: { team: ['a|prod'] } }, true, false],
  [{ name: '/^dev-${labels:team}\\//' }, { name: 'dev-a.b/x', labels: { team: ['a.b'] } }, true, true],
  [{ name: '/^dev-${labels:team}\\//' }, { name: 'dev-a-b/x', labels: { team: ['a.b'] } }, true, false],
  [{ name: '${labels:repo}' }, { name: 'prod/x', labels: { repo: ['/o/'] } }, true, false],
  [{ name: '${labels:repo}' }, { name: '/o/', labels: { repo: ['/o/'] } }, true, true],
  [{ name: '${labels:a}${labels:b}' }, { name: 'prod/x', labels: { a: ['/o'], b: ['d/'] } }, true, false],
  [{ name: '${account}' }, { name: 'prod/x', account: '/o/' }, true, false],
  [{ name: '/${account}' }, { name: 'prod/x', account: 'o/' }, true, false],
  [{ name: '/${account}/' }, { name: 'prod/x', account: 'o' }, true, true],
  [{ name: '/${account}/' }, { name: '//', account: '' }, true, true],
  [{ account: MAIL, name: '${account:1}/*' }, { account: '*@x', name: 'bob/y' }, true, false],
  [{ account: MAIL, name: '${account:1}/*' }, { account: 'j.k@x', name: 'j.k/y' }, true, true],
  [{ account: MAIL, name: '/^${account:1}$/' }, { account: 'j.k@x', name: 'jXk' }, true, false],
  [{ account: MAIL, name: '/^${account:1}$/' }, { account: 'j.k@x', name: 'j.k' }, true, true],
  [{ labels: { g: '${account}-*' } }, { account: '*', labels: { g: ['a-b'] } }, false, false],
  [{ labels: { g: 'a*' } }, { labels: { g: ['ab'] } }, true, true],
]

function applies(match: AclMatch, request: AclRequest, compat?: 'docker_auth_1'): boolean {
  const { policy } = compilePolicy([{ match, actions: ['*'] }], { compat })
  return decide(policy, questionOf(request)).rule === 'acl[0]'
}

t.test(
  'takes names and labels from outside for plain text, those of the file as docker_auth does',
  async t => {
    for (const [match, request, raw, quoted] of ROWS) {
      const why = `${JSON.stringify(match)} ${JSON.stringify(request)}`
      t.equal(applies(match, request), raw, `of the file: ${why}`)
      t.equal(applies(match, { ...request, isExternal: true }), quoted, `from outside: ${why}`)
      t.equal(applies(match, { ...request, isExternal: true }, 'docker_auth_1'), raw, `compatible: ${why}`)
    }
  },
)

t.test('does not answer an external subject from what it remembers of one of the file', async t => {
  const { policy } = compilePolicy([{ match: { name: '${labels:repo}' }, actions: ['*'] }])
  const request = { name: 'prod', labels: { repo: ['*'] } }
  t.equal(decide(policy, questionOf(request)).rule, 'acl[0]')
  t.equal(decide(policy, questionOf({ ...request, isExternal: true })).rule, 'default-deny')
  t.equal(decide(policy, questionOf(request)).rule, 'acl[0]')
})

t.test('says which rules docker_auth_1 opens to values from outside', async t => {
  const acl = [
    { match: { name: '${account}/*' }, actions: ['pull'] },
    { match: { name: 'dev-${labels:team}/*' }, actions: ['pull'] },
    { match: { account: MAIL, name: '${account:1}/*' }, tags: ['${labels:team}'], actions: ['pull'] },
    { match: { labels: { g: '${labels:team}' } }, actions: ['pull'] },
  ]
  const about = compilePolicy(acl, { compat: 'docker_auth_1' }).issues.filter(({ message }) =>
    message.startsWith('acl_compat'),
  )
  t.strictSame(
    about.map(({ severity, path }) => [severity, path]),
    [
      ['warning', [1, 'match', 'name']],
      ['warning', [2, 'match', 'name']],
      ['warning', [2, 'tags', 0]],
    ],
  )
  t.match(about[0]?.message, /inserts \$\{labels:team\} as a pattern/)
  t.strictSame(
    compilePolicy(acl).issues.filter(({ message }) => message.startsWith('acl_compat')),
    [],
  )
})
