import t from 'tap'
import type { AclEntry } from '../../src/policy/acl-entry.ts'
import { compilePolicy, decide } from '../../src/policy/policy.ts'
import { questionOf } from './acl-case.ts'
import { issuesOf, silent } from './lint-case.ts'

t.test('refuses keys that cannot mean anything', async t => {
  const cases: readonly (readonly [Partial<AclEntry>, RegExp])[] = [
    [{ name: '' }, /^error 0.name: invalid rule name ""; at most 64/],
    [{ name: 'x'.repeat(65) }, /invalid rule name/],
    [{ name: 'a\nb' }, /invalid rule name/],
    [{ name: 'prod/*' }, /this names the rule; a pattern for repositories belongs under match$/],
    [{ name: 'acl[0]' }, /has a meaning of its own/],
    [{ name: 'default-deny' }, /has a meaning of its own/],
    [
      { tags: [] },
      /^error 0.tags: an empty list matches nothing, so the rule never applies; leave the key out$/,
    ],
    [{ clients: [] }, /^error 0.clients: an empty list/],
    [{ tags: ['v*', '/(/'] }, /^error 0.tags.1: invalid pattern "\/\(\/": error parsing regexp/],
    [{ tags: ['v['] }, /^error 0.tags.0: malformed glob/],
    [{ clients: ['v['] }, /^error 0.clients.0: malformed glob/],
    [{ effect: 'deny', match: { name: 'v[' } }, /^error 0.match.name: malformed glob/],
    [
      { until: '2027-02-29' },
      /^error 0.until: "2027-02-29" is neither a date nor a time with a zone; write it as/,
    ],
    [{ until: '2027-01-31T18:00:00' }, /^error 0.until/],
    [{ until: '2027-01-31 18:00' }, /^error 0.until/],
    [{ until: 'tomorrow' }, /^error 0.until/],
    [
      { hours: '08:00' },
      /^error 0.hours: invalid hours "08:00": not a span of hours; write it as 08:00-18:00 or/,
    ],
    [{ hours: '08:00-25:00' }, /not a span of hours/],
    [{ hours: '24:00-08:00' }, /not a span of hours/],
    [{ hours: '08:00-24:01' }, /not a span of hours/],
    [{ hours: '08:00-08:00' }, /the span is empty/],
    [{ hours: 'mon-foo 08:00-18:00' }, /"mon-foo" names no days/],
    [{ hours: '08:00-18:00 Mars/Base' }, /unknown time zone "Mars\/Base"/],
  ]
  for (const [keys, expected] of cases) {
    const acl = [{ match: {}, actions: ['*'], ...keys }]
    const errors = issuesOf(acl).filter(issue => issue.startsWith('error'))
    t.equal(errors.length, 1, JSON.stringify(keys))
    t.match(errors[0], expected)
    t.equal(decide(compilePolicy(acl).policy, questionOf({})).rule, 'default-deny')
  }
})

t.test('warns of two rules with one name', async t => {
  const acl = [silent({ name: 'a' }, { name: 'x' }), silent({ name: 'b' }, { name: 'x' })]
  t.strictSame(issuesOf(acl), [
    'warning 1.name: acl[0] has this name too, so decisions do not tell them apart',
  ])
})

t.test('warns of patterns that are taken for others', async t => {
  const cases: readonly (readonly [Partial<AclEntry>, readonly string[]])[] = [
    [
      { match: { name: 'Prod/*' } },
      [
        'warning 0.match.name: "Prod/*" never matches a repository: names have no capital letters; write "prod/*"',
      ],
    ],
    [
      { match: { name: 'prod/{a,b}' } },
      [
        'warning 0.match.name: "prod/{a,b}" never matches a repository: braces are literal in a glob; write one rule for each, or a /regular expression/',
      ],
    ],
    [
      { match: { name: 'prod/api:v1' } },
      [
        'warning 0.match.name: "prod/api:v1" never matches a repository: names hold no tag; put the tag under tags',
      ],
    ],
    [
      { match: { name: 'a b' } },
      ['warning 0.match.name: "a b" never matches a repository: no name holds such a character'],
    ],
    ...['/a', 'a/', 'a//b', '/a/*'].map(
      name =>
        [
          { match: { name } },
          [
            `warning 0.match.name: "${name}" never matches a repository: names neither begin nor end with a slash, nor hold two in a row`,
          ],
        ] as const,
    ),
    [
      { match: { name: 'dev/**' } },
      [
        'warning 0.match.name: ** is the same as *, which does not cross a slash; for every depth write /^dev\\/.*$/',
      ],
    ],
    [
      { match: { name: 'a/**/*-x' } },
      [
        'warning 0.match.name: ** is the same as *, which does not cross a slash; for every depth write /^a\\/.*\\/[^/]*-x$/'.replace(
          '[^/]',
          '[^\\/]',
        ),
      ],
    ],
    [
      { match: { name: 'dev-${labels:team}/**' } },
      [
        'warning 0.match.name: ** is the same as *, which does not cross a slash; for every depth write a /regular expression/',
      ],
    ],
    [
      { match: { account: '/admin/' } },
      ['warning 0.match.account: "/admin/" also matches names that only contain it; anchor it: /^admin$/'],
    ],
    [
      { match: { account: '/^a|b$/' } },
      ['warning 0.match.account: "/^a|b$/" also matches names that only contain it; anchor it: /^(?:a|b)$/'],
    ],
    [
      { match: {}, tags: ['prod:v1'] },
      [
        'warning 0.tags.0: "prod:v1" never matches a tag: no tag holds such a character; tags are made of letters, digits and . _ -',
      ],
    ],
    [
      { match: {}, clients: ['docker/*'] },
      [
        'note 0.clients.0: "docker/*" matches no user agent with a further slash, which most have; write /^docker\\//',
      ],
    ],
  ]
  for (const [entry, expected] of cases)
    t.strictSame(issuesOf([silent({}, entry)]), expected, JSON.stringify(entry))
  for (const match of [
    { name: 'localhost:5000/a' },
    { name: '[A-Z]*' },
    { name: '\\A' },
    { name: '/A/' },
    { name: 'A', type: 'plugin' },
    { account: '/^(a|b)$/' },
    { account: '/^a$|^b$/' },
    { account: '/(?i)^admin$/' },
    { account: '/\\Aadmin\\z/' },
    { account: '/.+/' },
    { account: 'Admin' },
  ]) {
    t.strictSame(issuesOf([silent(match)]), [], JSON.stringify(match))
  }
})
