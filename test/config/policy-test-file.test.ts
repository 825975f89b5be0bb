import t from 'tap'
import { formatIssue } from '../../src/config/format-issue.ts'
import { parsePolicyTests } from '../../src/config/policy-test-file.ts'
import { ConfigError } from '../../src/model/errors.ts'

const DEFAULTS = {
  file: 't.yml',
  users: new Map([['dev', { labels: { team: ['a'] } }]]),
  acceptsCertificates: false,
  service: 'registry.example',
  now: 1_800_000_000_000,
}

function faultsOf(text: string): readonly string[] {
  try {
    parsePolicyTests(text, DEFAULTS)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.issues.map(issue => formatIssue(issue))
  }
}

t.test('reads tests with what they leave out filled in', async t => {
  const text = `# rights
- {who: {account: dev}, action: push, name: "prod/api:v1", expect: deny, rule: releases}
- who: {account: ci, labels: {role: [bot]}, ip: 10.0.0.1, client: docker/27}
  action: pull
  name: localhost:5000/api
  at: 2027-01-31T12:00:00Z
  expect: allow
- {action: "*", type: registry, name: "catalog:x", expect: deny}
`
  const common = { service: 'registry.example', clientIp: '', now: 1_800_000_000_000 }
  t.strictSame(parsePolicyTests(text, DEFAULTS), [
    {
      line: 2,
      column: 3,
      question: {
        subject: { name: 'dev', via: 'static', labels: { team: ['a'] } },
        access: { type: 'repository', name: 'prod/api', actions: ['push'] },
        ...common,
        tag: 'v1',
      },
      expect: 'deny',
      rule: 'releases',
    },
    {
      line: 3,
      column: 3,
      question: {
        subject: { name: 'ci', via: 'static', labels: { role: ['bot'] } },
        access: { type: 'repository', name: 'localhost:5000/api', actions: ['pull'] },
        ...common,
        clientIp: '10.0.0.1',
        now: Date.parse('2027-01-31T12:00:00Z'),
        userAgent: 'docker/27',
      },
      expect: 'allow',
    },
    {
      line: 8,
      column: 3,
      question: {
        subject: { name: '', via: 'anonymous', labels: {} },
        access: { type: 'registry', name: 'catalog:x', actions: ['*'] },
        ...common,
      },
      expect: 'deny',
    },
  ])
  t.equal(parsePolicyTests('tests:\n- {action: pull, name: a, expect: deny}\n', DEFAULTS).length, 1)
})

t.test('names every fault at its place', async t => {
  t.strictSame(
    faultsOf(`- {who: {acount: dev}, action: push, name: a, expect: deny}
- {action: push, name: a, expect: denied}
`),
    ['t.yml:1:10: error: tests.0.who: unknown key "acount"; did you mean "account"?'],
  )
  t.strictSame(
    faultsOf(`- {action: push, name: a, expect: denied}
- {action: push, expect: deny}
- {action: "", name: a, expect: deny, at: noon}
`),
    [
      't.yml:1:35: error: tests.0.expect: must be allow or deny',
      't.yml:2:3: error: tests.1.name: is missing',
      't.yml:3:12: error: tests.2.action: must name an action',
      't.yml:3:43: error: tests.2.at: must be a time such as 2027-01-31T12:00:00Z',
    ],
  )
  t.match(faultsOf('- [a\n')[0], /^t\.yml:\d+:\d+: error: /)
  t.match(faultsOf('')[0], /error: tests: is missing/)
  t.match(faultsOf('a')[0], /error/)
})

t.test(
  'takes an account that users does not know for that of a client certificate where those are accepted',
  async t => {
    const text = `- {who: {account: dev}, action: pull, name: a, expect: deny}
- {who: {account: ci, labels: {cert_ou: [build]}}, action: pull, name: a, expect: deny}
- {action: pull, name: a, expect: deny}
`
    const tests = parsePolicyTests(text, { ...DEFAULTS, acceptsCertificates: true })
    t.strictSame(
      tests.map(({ question }) => question.subject),
      [
        { name: 'dev', via: 'static', labels: { team: ['a'] } },
        { name: 'ci', via: 'certificate', labels: { cert_ou: ['build'] }, isExternal: true },
        { name: '', via: 'anonymous', labels: {} },
      ],
    )
  },
)
