import t from 'tap'
import { AclCompatSchema } from '../../src/config/section-acl.ts'
import { decide } from '../../src/policy/policy.ts'
import { compare, loadText, report } from './load-text.ts'

const USER = 'admin: {password: "", labels: {role: [admin]}}'
const ADMIN = '- {match: {labels: {role: admin}}, actions: ["*"]}'

/** A file with an administrator, one more user and one more rule, which stands on line 5. */
const file = (user: string, rule: string) =>
  `users: {${USER}${user === '' ? '' : `, ${user}`}}\nacl:\n${ADMIN}\n\n- ${rule}\n`

t.test('reads the keys that docker_auth does not have', async t => {
  const text = `users: {ci: {}}
acl:
- match: {account: ci, name: "prod/*"}
  name: releases
  tags: [v*, 1.0]
  clients: ["/docker/"]
  until: 2027-01-31
  hours: mon-fri 08:00-18:00
  roles: [reader]
  actions: [push]
- match: {}
  effect: deny
`
  const { config, policy, warnings } = await loadText(text)
  t.strictSame(
    warnings.map(({ message }) => message).filter(message => !/no bcrypt|no password/.test(message)),
    [],
  )
  t.strictSame(config.acl[0], {
    match: { account: 'ci', name: 'prod/*' },
    actions: ['push'],
    name: 'releases',
    tags: ['v*', '1.0'],
    until: '2027-01-31',
    hours: 'mon-fri 08:00-18:00',
    clients: ['/docker/'],
    roles: ['reader'],
  })
  const question = {
    subject: { name: 'ci', via: 'static', labels: {} },
    access: { type: 'repository', name: 'prod/api', actions: ['push'] },
    service: '',
    clientIp: '',
    now: Date.parse('2027-01-29T09:00:00Z'),
    tag: '1.0',
    userAgent: 'docker/27',
  } as const
  t.equal(decide(policy, question).rule, 'releases')
})

t.test('refuses what these keys cannot be, at its place', async t => {
  const rule = (text: string) => `users: {}\nacl:\n- ${text}\n`
  await compare(t, [
    [rule('match: {}'), ['3:3: error: acl.0.actions: is missing; write [] to allow nothing']],
    [
      rule('{match: {}, effect: allow}'),
      ['3:3: error: acl.0.actions: is missing; write [] to allow nothing'],
    ],
    [rule('{match: {}, effect: deny}'), []],
    [
      rule('{match: {}, effect: denny}'),
      ['3:23: error: acl.0.effect: must be allow or deny; did you mean "deny"?'],
    ],
    [
      rule('{match: {}, roles: [raeder]}'),
      ['3:23: error: acl.0.roles.0: must be reader, writer or admin; did you mean "reader"?'],
    ],
    [rule('{match: {}, actions: [], tags: v1}'), ['3:34: error: acl.0.tags: must be a list; write ["v1"]']],
    [
      rule('{match: {}, actions: [], until: soon}'),
      [
        '3:35: error: acl.0.until: "soon" is neither a date nor a time with a zone; write it as 2027-01-31 or 2027-01-31T18:00:00Z',
      ],
    ],
    [
      rule('{match: {}, actions: [], hours: 8-18}'),
      [
        '3:35: error: acl.0.hours: invalid hours "8-18": not a span of hours; write it as 08:00-18:00 or mon-fri 08:00-18:00 Europe/Berlin; without a zone it is UTC',
      ],
    ],
    [
      rule('{match: {}, name: "prod/*", actions: []}'),
      [
        '3:21: error: acl.0.name: invalid rule name "prod/*"; this names the rule; a pattern for repositories belongs under match',
      ],
    ],
    [
      rule('{match: {}, actions: [], tags: ["/(/"]}'),
      ['3:35: error: acl.0.tags.0: invalid pattern "/(/": error parsing regexp: missing closing ): `(`'],
    ],
  ])
})

t.test('warns of users whom no rule gives anything', async t => {
  const nothing = (place: string, who: string) => [
    `${place}: warning: ${who} has no right: no rule allows anything`,
  ]
  const rule = '{match: {account: bob, name: x}, actions: [pull]}'
  await compare(t, [
    [file('bob: {password: ""}', rule), []],
    [file(`bob: {labels: {role: [dev]}, password: "${HASH}"}`, rule), []],
    [file(`eve: {password: "${HASH}"}`, rule), nothing('1:62', 'users.eve: user "eve"')],
    [file('"": {}', rule), nothing('1:61', 'users[""]: the anonymous user')],
    [`users: {eve: {password: "${HASH}"}}\nacl: []\n`, []],
  ])
})

const HASH = '$2y$05$LO.vzwpWC5LZGqThvEfznu8qhb5SGqvBSWY1J3yZ4AxtMRZ3kN5jC'

t.test('warns of labels and values that no user has', async t => {
  const about = async (rule: string) => {
    const lines = await report(file('', rule))
    return lines
      .filter(line => / has the label | has a "/.test(line))
      .map(line => line.replace(/^.*?: warning: /, ''))
  }
  t.strictSame(await about('{match: {labels: {group: a}}, actions: [pull]}'), [
    'acl.1.match.labels.group: no user has the label "group"',
  ])
  t.strictSame(await about('{match: {labels: {role: adm}}, actions: [pull]}'), [
    'acl.1.match.labels.role: no user has a "role" that matches "adm"',
  ])
  t.strictSame(
    await about('{match: {name: "dev-${labels:team}/*"}, tags: ["${labels:x}"], actions: [pull]}'),
    ['acl.1.match.name: no user has the label "team"', 'acl.1.tags.0: no user has the label "x"'],
  )
  for (const labels of ['role: "a*"', 'role: "/^admin$/"', 'role: "${account}"']) {
    t.strictSame(await about(`{match: {labels: {${labels}}}, actions: [pull]}`), [], labels)
  }
})

t.test('knows one way of reading rules as docker_auth does', async t => {
  t.equal(AclCompatSchema.parse('docker_auth_1'), 'docker_auth_1')
  t.equal(AclCompatSchema.parse(undefined), undefined)
  t.match(AclCompatSchema.safeParse('docker_auth').error?.issues[0]?.message, 'must be docker_auth_1')
})
