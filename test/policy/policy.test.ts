// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are docker_auth's
import t from 'tap'
import type { AclMatch } from '../../src/policy/acl-entry.ts'
import { compilePolicy, decide } from '../../src/policy/policy.ts'
import { type AclRequest, fixture, questionOf, readLines } from './acl-case.ts'

/** A rule, a request, and whether the rule applies to it. */
interface MatchLine<Request = AclRequest> {
  readonly match: AclMatch
  readonly req: Request
  readonly r: boolean
}

function matches(match: AclMatch, request: AclRequest): boolean {
  const { policy } = compilePolicy([{ match, actions: ['*'] }])
  return decide(policy, questionOf(request)).rule === 'acl[0]'
}

t.test('refuses at load what docker_auth refuses', async t => {
  for (const { match, ok } of readLines<{ match: AclMatch; ok: boolean }>(
    fixture('docker-auth-validation.jsonl'),
  )) {
    const { issues } = compilePolicy([{ match, actions: ['*'] }])
    t.strictSame(
      issues.flatMap(({ severity }) => (severity === 'error' ? [severity] : [])),
      ok ? [] : ['error'],
      JSON.stringify(match),
    )
  }
})

t.test("agrees with docker_auth's own matching tests", async t => {
  type Line = { def: string; req: AclRequest } | MatchLine<AclRequest | string>
  const lines = readLines<Line>(fixture('docker-auth-matching.jsonl'))
  const named = new Map(lines.flatMap(line => ('def' in line ? [[line.def, line.req] as const] : [])))
  for (const line of lines) {
    if ('def' in line) continue
    const request = typeof line.req === 'string' ? named.get(line.req) : line.req
    if (request === undefined) throw new TypeError(`no request is named ${line.req}`)
    t.equal(matches(line.match, request), line.r, JSON.stringify(line))
  }
})

t.test('inserts variables, captures and labels as docker_auth does', async t => {
  for (const line of readLines<MatchLine & { why: string }>(fixture('acl-substitution.jsonl'))) {
    t.equal(matches(line.match, line.req), line.r, JSON.stringify(line))
  }
})

t.test('matches nothing when the labels have more than 10,000 combinations', async t => {
  const values = (count: number) => Array.from({ length: count }, (_, number) => `v${number}`)
  const match = { name: '${labels:a}-${labels:b}' }
  t.equal(matches(match, { name: 'v99-v99', labels: { a: values(100), b: values(100) } }), true)
  t.equal(matches(match, { name: 'v0-v0', labels: { a: values(100), b: values(101) } }), false)
})

t.test('compares addresses within their family', async t => {
  const cases = [
    ['0.0.0.0/0', '1.2.3.4', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '::1', true],
    ['::/0', '1.2.3.4', false],
    ['::/0', '::ffff:1.2.3.4', false],
    ['::ffff:0:0/95', '::ffff:1.2.3.4', false],
    ['10.0.0.1', '::ffff:a00:1', true],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['::ffff:10.0.0.0/104', '10.255.0.1', true],
    ['::ffff:10.0.0.0/104', '11.0.0.1', false],
    ['192.168.1.5/24', '192.168.1.200', true],
    ['10.0.0.0/08', '10.1.1.1', true],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201', true],
    ['10.0.0.1', '', false],
    ['::/0', 'fe80::1%eth0', false],
    ['0.0.0.0/0', 'unknown', false],
  ] as const
  for (const [ip, client, expected] of cases)
    t.equal(matches({ ip }, { ip: client }), expected, `${client} in ${ip}`)
})

t.test('refuses addresses that Go refuses', async t => {
  const faulty =
    '010.0.0.1 10.0.0 10.0.0.1/33 ::1/129 fe80::1%e fe80::1%e/64 1::2::3 10.0.0.1/ 10.0.0.1/+8 /8 *'
  for (const ip of ['', ' 10.0.0.1', '10.0.0.1-10.0.0.9', '10.0.0.0/255.0.0.0', ...faulty.split(' ')]) {
    const { policy, issues } = compilePolicy([{ match: { ip }, actions: ['*'] }])
    t.strictSame([issues[0]?.severity, issues[0]?.path], ['error', [0, 'match', 'ip']], JSON.stringify(ip))
    t.equal(decide(policy, questionOf({ ip: '10.0.0.1' })).rule, 'default-deny')
  }
})

t.test('grants and denies by the actions of the first rule that matches', async t => {
  const cases = [
    [['*'], ['push', 'pull', 'pull', '', '*'], ['push', 'pull', 'pull', '', '*'], []],
    [['*', 'pull'], ['push', 'pull'], ['pull'], ['push']],
    [['*', 'pull'], ['*'], ['*'], []],
    [['push', 'pull'], ['push', 'pull', 'push'], ['pull', 'push'], []],
    [['Pull', '**', '/pu/', ' *'], ['pull'], [], ['pull']],
    [[], ['pull', 'push'], [], ['pull', 'push']],
    [['pull'], [], [], []],
  ] as const
  for (const [actions, requested, granted, denied] of cases) {
    const { policy } = compilePolicy([
      { match: {}, actions },
      { match: {}, actions: ['*'] },
    ])
    const decision = decide(policy, questionOf({ actions: requested }))
    const { reason: _, ...rest } = decision
    t.strictSame(rest, { granted, denied, rule: 'acl[0]' }, `${requested} under ${actions}`)
  }
})

t.test('denies everything when one rule is faulty', async t => {
  const { policy, issues } = compilePolicy([
    { match: {}, actions: ['*'] },
    { match: { name: '/foo?*/' }, actions: [] },
  ])
  t.strictSame(
    issues.filter(issue => issue.severity === 'error'),
    [
      {
        severity: 'error',
        path: [1, 'match', 'name'],
        message: 'invalid pattern "/foo?*/": error parsing regexp: invalid nested repetition operator: `?*`',
      },
    ],
  )
  t.equal(decide(policy, questionOf({})).rule, 'default-deny')
})

t.test('warns of rules that hardly work as meant', async t => {
  const mail = '/^(.+)@x$/'
  const cases: readonly (readonly [AclMatch, readonly (string | number)[], RegExp])[] = [
    [{ name: 'a[' }, [0, 'match', 'name'], /malformed glob "a\["/],
    [{ account: '${name}[' }, [0, 'match', 'account'], /malformed glob/],
    [{ labels: { g: '[]a]' } }, [0, 'match', 'labels', 'g'], /malformed glob/],
    [{ name: '${account:1}' }, [0, 'match', 'name'], /\$\{account:1\} is not replaced/],
    [{ account: mail, name: '${Account:2}' }, [0, 'match', 'name'], /\$\{Account:2\} is not replaced/],
    [{ account: mail, name: '${type}${account:1}' }, [0, 'match', 'name'], /is not replaced/],
    [{ account: mail, labels: { g: '${account:1}' } }, [0, 'match', 'labels', 'g'], /is not replaced/],
  ]
  for (const [match, path, message] of cases) {
    const { issues } = compilePolicy([{ match, actions: [] }])
    t.equal(issues.length, 1, JSON.stringify(match))
    t.strictSame([issues[0]?.severity, issues[0]?.path], ['warning', path])
    t.match(issues[0]?.message, message)
  }
  const silent: readonly AclMatch[] = [
    { name: '[${labels:g}' },
    { name: '${labels:1}' },
    { name: '${env:1}' },
  ]
  for (const match of silent)
    t.strictSame(compilePolicy([{ match, actions: [] }]).issues, [], JSON.stringify(match))
})

t.test('warns of the rules behind one that matches every request', async t => {
  const rule = (match: AclMatch) => ({ match, actions: [] })
  const { issues } = compilePolicy([rule({ name: 'a' }), rule({ labels: {} }), rule({ name: 'b' }), rule({})])
  t.strictSame(
    issues.map(({ severity, path }) => [severity, path]),
    [['warning', [2]]],
  )
  t.strictSame(compilePolicy([rule({ name: 'a' }), rule({})]).issues, [], 'silent when it is the last')
})
