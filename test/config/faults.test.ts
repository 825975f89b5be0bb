import t from 'tap'
import { below, compare } from './load-text.ts'

const NO_USERS =
  'users: no users are configured, which is probably a mistake; use an empty mapping, users: {}, to let nobody in'

t.test('points at what is malformed and says the cure', async t => {
  await compare(t, [
    ['acl: [*]', ['1:7: error: Alias cannot be an empty string; quote a text that begins with *: "*"']],
    [
      'acl:\n- match: {name: ${account}/*}\n',
      ['2:18: error: Unexpected flow-map-start at node end; quote a value that holds ${…} inside { }'],
    ],
    [
      'acl:\n- match: {name: "/a\\.b/"}\n',
      [
        '2:20: error: Invalid escape sequence \\.; put the text in single quotes, where a backslash is a backslash',
      ],
    ],
    ['users:\n\tbob: {}\n', ['2:1: error: Tabs are not allowed as indentation; indent with spaces']],
    [
      'acl:\n- match: {account: a,\n  name: b}\n',
      [
        '3:3: error: Flow map in block collection must be sufficiently indented and end with a }; indent each line inside { } or [ ] further than its key',
      ],
    ],
    ['a: b: c\n', ['1:4: error: Nested mappings are not allowed in compact mappings']],
    ["users: {}\nacl: 'x\n", ["3:1: error: Missing closing 'quote"]],
    ['', ['1:1: error: the file is empty; it needs at least users and acl']],
    ['# only a comment\n', ['1:1: error: the file is empty; it needs at least users and acl']],
    ['---\n---\nusers: {}\n', ['1:1: error: the file is empty; it needs at least users and acl']],
    ['- a\n', ['1:1: error: must be a mapping, not a list']],
    ['users', ['1:1: error: must be a mapping']],
    [
      'users: *u\nacl: []',
      ['1:8: error: users: no anchor "u" above this place; quote a text that begins with *'],
    ],
  ])
})

t.test('refuses keys that it does not know where they would be ignored at a price', async t => {
  await compare(t, [
    [below('registery: {}'), ['3:1: error: unknown key "registery"; did you mean "registry"?']],
    [below('tsl: {}'), ['3:1: error: unknown key "tsl"; did you mean "tls"?']],
    [below('zzzzzzzz: 1'), ['3:1: error: unknown key "zzzzzzzz"']],
    [below('tls: {mod: off}'), ['3:7: error: tls: unknown key "mod"; did you mean "mode"?']],
    [
      below('domains:\n  registry: a.example\n  zot: b\n'),
      ['5:3: error: domains: unknown key "zot"; the keys are registry, auth'],
    ],
    [
      below('registry: {run: {storage: {s3: {bucket: b, region: r, secret: x}}}}'),
      ['3:55: error: registry.run.storage.s3: unknown key "secret"; did you mean "secret_key"?'],
    ],
    [
      'users: {bob: {passwd: x}}\nacl: []',
      ['1:15: error: users.bob: unknown key "passwd"; did you mean "password"?'],
    ],
    [
      'users: {"a.b": {pasword: x}}\nacl: []',
      ['1:17: error: users["a.b"]: unknown key "pasword"; did you mean "password"?'],
    ],
    [
      'users: {}\nacl:\n- match: {acount: a}\n  actions: []\n',
      ['3:11: error: acl.0.match: unknown key "acount"; did you mean "account"?'],
    ],
    [
      'users: {}\nacl:\n- match: {team: a}\n  actions: []\n',
      ['3:11: error: acl.0.match: unknown key "team"; the keys are account, type, name, service, ip, labels'],
    ],
    [
      'users: {}\nacl:\n- match: {account:"admin"}\n  actions: []\n',
      [
        '3:11: error: acl.0.match: unknown key "account:\\"admin\\""; missing space after the colon: write account: "admin"',
      ],
    ],
    [
      'users: {}\nacl:\n- match: {}\n  account: admin\n  actions: []\n',
      ['4:3: error: acl.0: unknown key "account"; a condition belongs under "match"'],
    ],
  ])
})

t.test('warns of unknown keys where docker_auth ignores them', async t => {
  await compare(t, [
    [
      below('server: {adr: x, path_prefix: /a}\ntoken: {isuer: x, zzzzzzzz: y}'),
      [
        '3:10: warning: server: unknown key "adr"; did you mean "addr"?',
        '4:9: warning: token: unknown key "isuer"; did you mean "issuer"?',
        '4:19: warning: token: unknown key "zzzzzzzz"; the keys are issuer, expiration, certificate, key, disable_legacy_key_id, service',
      ],
    ],
    [
      'users: {}\nacl:\n- match: {}\n  actions: []\n  coment: x\n',
      ['5:3: warning: acl.0: unknown key "coment"; did you mean "comment"?'],
    ],
  ])
})

t.test('refuses sections of docker_auth that do not exist here, by name', async t => {
  const sections = [
    'google_auth',
    'github_auth',
    'gitlab_auth',
    'oidc_auth',
    'ldap_auth',
    'mongo_auth',
    'xorm_auth',
    'plugin_authn',
    'acl_mongo',
    'acl_xorm',
    'plugin_authz',
    'token_db',
  ]
  await compare(
    t,
    sections.map(name => [
      below(`${name}: {addr: x}`),
      [`3:1: error: ${name} is not available in this version of landwaiter; remove it or keep docker_auth`],
    ]),
  )
  await compare(t, [
    [below('ldap_auth:\n'), []],
    [
      'ldap_auth: {}\nacl: []',
      [
        '1:1: error: ldap_auth is not available in this version of landwaiter; remove it or keep docker_auth',
        `1:1: error: ${NO_USERS}`,
      ],
    ],
  ])
})

t.test('names every fault at once, in the order of the file', async t => {
  const text = `tls: {mode: auto}
users:
  bob: {passwd: x}
acl:
- match: {name: "/(/"}
  actions: "*"
- actions: []
- match: {account: "/[/"}
  actions: []
listen: {htps: ":1"}
token: {expiration: 0, key: k}
audit: {file: "\${NOPE}"}
registry: {run: {storage: {s3: {bucket: b, region: r, secret_key_file: /gone}}}}
mongo_auth: {}
`
  await compare(t, [
    [
      text,
      [
        '1:13: error: tls.mode: must be acme, internal, files or off',
        '3:9: error: users.bob: unknown key "passwd"; did you mean "password"?',
        '5:17: error: acl.0.match.name: invalid pattern "/(/": error parsing regexp: missing closing ): `(`',
        '6:12: error: acl.0.actions: must be a list; write ["*"]',
        '7:3: error: acl.1.match: is missing; write {} to match every request',
        '8:20: error: acl.2.match.account: invalid pattern "/[/": error parsing regexp: missing closing ]: `[`',
        '10:10: error: listen: unknown key "htps"; did you mean "https"?',
        '11:21: error: token.expiration: must be positive, got 0',
        '11:29: error: token.key: needs "certificate" beside it',
        '12:15: error: audit.file: the environment variable NOPE is not set; set it, or give a default: ${NOPE:-default}',
        '13:72: error: registry.run.storage.s3.secret_key_file: cannot read "/gone": no such file',
        '14:1: error: mongo_auth is not available in this version of landwaiter; remove it or keep docker_auth',
      ],
    ],
  ])
})
