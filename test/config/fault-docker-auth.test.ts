import t from 'tap'
import { below, compare, MINIMUM } from './load-text.ts'

const HASH = '$2y$05$xrXVc8s9KzPoOjWM45O/Tuw48FK4nRCu3XnuDBBc1Nkmexv4haCD2'
const NO_USERS =
  'users: no users are configured, which is probably a mistake; use an empty mapping, users: {}, to let nobody in'
const NO_ACL =
  'acl: no rules are configured, which is probably a mistake; use an empty list, acl: [], to deny everything'

t.test('checks users and rules as docker_auth should', async t => {
  const acl = 'acl: []'
  const rule = (text: string) => `users: {}\nacl:\n${text}`
  await compare(t, [
    ['users: {}', [`1:1: error: ${NO_ACL}`]],
    ['users:\nacl:\n', [`1:1: error: ${NO_USERS}`, `2:1: error: ${NO_ACL}`]],
    [`${acl}`, [`1:1: error: ${NO_USERS}`]],
    ['users: []\nacl: []', ['1:8: error: users: must be a mapping, not a list']],
    [MINIMUM, []],
    [`users: {"": {}, ann: {password: "${HASH}"}}\n${acl}`, []],
    [
      `users:\n  bob: {}\n${acl}`,
      [
        '2:8: warning: users.bob: user "bob" has no password: any password, or none, logs in as "bob"; give a bcrypt hash, or password: "" to lock the user',
      ],
    ],
    [
      `users:\n  bob: {password: }\n${acl}`,
      [
        '2:8: warning: users.bob: user "bob" has no password: any password, or none, logs in as "bob"; give a bcrypt hash, or password: "" to lock the user',
      ],
    ],
    [`users:\n  bob: {password: ""}\n${acl}`, []],
    [`users:\n  bob: {password: "${HASH}\\n"}\n${acl}`, []],
    [
      `users:\n  bob: {password: hunter2}\n${acl}`,
      [
        '2:19: warning: users.bob.password: this is no bcrypt hash, so "bob" cannot log in; make one with: landwaiter hash-password',
      ],
    ],
    [
      `users:\n  bob:\n${acl}`,
      [
        '2:3: warning: users.bob: user "bob" has no settings and matches nobody; write {} for a user without a password',
      ],
    ],
    [
      `users:\n  null: {}\n${acl}`,
      ['2:3: warning: users: this key means the anonymous user; write "" to say so'],
    ],
    [
      `users: {a: {password: ""}, a: {password: ""}}\n${acl}`,
      ['1:28: warning: users: duplicate key "a": the later one wins'],
    ],
    [
      `users: {a: {password: "", labels: {g: x}}}\n${acl}`,
      ['1:39: error: users.a.labels.g: must be a list; write ["x"]'],
    ],
    [rule('- actions: []\n'), ['3:3: error: acl.0.match: is missing; write {} to match every request']],
    [
      rule('- match:\n  actions: []\n'),
      ['3:3: error: acl.0.match: is missing; write {} to match every request'],
    ],
    [rule('- match: {}\n'), ['3:3: error: acl.0.actions: is missing; write [] to allow nothing']],
    [rule('- match: {}\n  actions:\n'), ['4:3: error: acl.0.actions: is missing; write [] to allow nothing']],
    [rule('- match: {}\n  actions: "*"\n'), ['4:12: error: acl.0.actions: must be a list; write ["*"]']],
    [
      rule('- match: {account: [a, b]}\n  actions: []\n'),
      ['3:20: error: acl.0.match.account: must be a single value, not a list'],
    ],
    [
      rule('- match: {labels: {g: [a]}}\n  actions: []\n'),
      ['3:23: error: acl.0.match.labels.g: must be a single value, not a list'],
    ],
    [rule('-\n'), ['3:2: error: acl.0: this rule is empty; it needs match and actions']],
    [
      rule('- match: {account: }\n  actions: []\n'),
      [
        '3:10: error: acl.0.match: no condition has a value, so this rule would match every request; give a value, or write match: {} when that is meant',
      ],
    ],
    [
      rule('- match: {account: ~, labels: }\n  actions: []\n'),
      [
        '3:10: error: acl.0.match: no condition has a value, so this rule would match every request; give a value, or write match: {} when that is meant',
      ],
    ],
    [
      rule('- match: {account: , name: a}\n  actions: []\n'),
      [
        '3:11: warning: acl.0.match.account: this condition has no value, so it is not checked; write "" for the empty text',
      ],
    ],
    [rule('- match: {account: ""}\n  actions: []\n  comment: 12\n'), []],
    [
      rule('- match: {name: "/(/"}\n  actions: []\n'),
      ['3:17: error: acl.0.match.name: invalid pattern "/(/": error parsing regexp: missing closing ): `(`'],
    ],
    [
      rule('- match: {ip: 10.0.0.0/99}\n  actions: []\n'),
      [
        '3:15: error: acl.0.match.ip: invalid IP pattern "10.0.0.0/99": not an address or CIDR block; write it as 10.0.0.1, 10.0.0.0/8, 2001:db8::1 or 2001:db8::/32',
      ],
    ],
    [
      rule('- match: {name: "a[b"}\n  actions: []\n'),
      [
        '3:17: warning: acl.0.match.name: malformed glob "a[b" matches nothing; write a literal [ or \\ as \\[ or \\\\',
      ],
    ],
  ])
})

t.test("checks values of docker_auth's sections", async t => {
  await compare(t, [
    [below('token: {expiration: 0}'), ['3:21: error: token.expiration: must be positive, got 0']],
    [below('token: {expiration: -0x10}'), ['3:21: error: token.expiration: must be positive, got -16']],
    [
      below('token: {expiration: "900"}'),
      ['3:21: error: token.expiration: must be a whole number; remove the quotes'],
    ],
    [
      below('token: {expiration: 15m}'),
      ['3:21: error: token.expiration: must be a whole number; write the number without a unit'],
    ],
    [below('token: {issuer: ""}'), ['3:17: error: token.issuer: must not be empty']],
    [below('token: {key: a}'), ['3:14: error: token.key: needs "certificate" beside it']],
    [below('token: {certificate: a, key: ""}'), ['3:22: error: token.certificate: needs "key" beside it']],
    [
      below('token: {disable_legacy_key_id: "yes"}'),
      ['3:32: error: token.disable_legacy_key_id: must be true or false; remove the quotes'],
    ],
    [below('server: {certificate: a}'), ['3:23: error: server.certificate: needs "key" beside it']],
    [below('server: {net: udp}'), ['3:15: error: server.net: must be tcp or unix']],
    [below('server: {path_prefix: auth}'), ['3:23: error: server.path_prefix: must begin with "/"']],
    [
      below('server: {tls_min_version: TLS9}'),
      ['3:27: error: server.tls_min_version: must be TLS12 or TLS13'],
    ],
    [
      below('server: {tls_min_version: TLS10}'),
      ['3:27: warning: server.tls_min_version: TLS below 1.2 is not available, so 1.2 is the lowest'],
    ],
    [
      below('server: {tls_min_version: 0x0304, tls_cipher_suites: [TLS_RSA_WITH_AES_128_GCM_SHA256]}'),
      ['3:54: error: server.tls_cipher_suites: cipher suites of TLS 1.3 are not configurable'],
    ],
    [
      below('server: {tls_curve_preferences: [P265]}'),
      ['3:34: error: server.tls_curve_preferences.0: unknown name "P265"; did you mean "P256"?'],
    ],
    [
      below('server: {tls_cipher_suites: [TLS_RSA_WITH_RC4_128_SHA, 0xFFFF]}'),
      [
        '3:30: warning: server.tls_cipher_suites.0: TLS_RSA_WITH_RC4_128_SHA is not available here and is left out',
        '3:56: warning: server.tls_cipher_suites.1: 0xFFFF is not available here and is left out',
      ],
    ],
    [
      below('server: {real_ip_header: X-Forwarded-For}'),
      [
        '3:26: warning: server.real_ip_header: no proxy is trusted, so this header is ignored; list your proxies in trusted_proxies',
      ],
    ],
    [below('server: {real_ip_header: X-Forwarded-For}\ntrusted_proxies: [10.0.0.0/8]'), []],
    [
      below('server: {addr: ":5001"}'),
      ['3:16: note: server.addr: this address is not opened, since listen.https serves the token realm'],
    ],
    [below('server: {addr: ":5001"}\ntls: {mode: off}\ntrusted_proxies: [10.0.0.1]'), []],
    [
      below('server: {addr: "5001"}\ntls: {mode: off}\ntrusted_proxies: [10.0.0.1]'),
      ['3:16: error: server.addr: must be HOST:PORT or :PORT'],
    ],
  ])
})
