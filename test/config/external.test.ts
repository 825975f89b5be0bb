import t from 'tap'
import { adviceOnExternal } from '../../src/config/advice-on-external.ts'
import { type FileConfig, FileSchema } from '../../src/config/schema.ts'
import { below, compare, loadText, MINIMUM } from './load-text.ts'

const NO_USERS =
  'users: no users are configured, which is probably a mistake; use an empty mapping, users: {}, to let nobody in'
const NO_ACL =
  'acl: no rules are configured, which is probably a mistake; use an empty list, acl: [], to deny everything'

t.test('takes docker_auth’s sections of external programs as they are, with bounds', async t => {
  const { config } = await loadText(
    `${MINIMUM}ext_auth:\n  command: /config/ext-auth.sh\n  args: ["--flag", 2]\next_authz: {command: authz}\ncasbin_authz: {model_path: m.conf, policy_path: p.csv}\n`,
  )
  const defaults = { timeout_ms: 10_000, max_concurrency: 8, env: [], cache_ms: 0 }
  t.strictSame(config.ext_auth, { command: '/config/ext-auth.sh', args: ['--flag', '2'], ...defaults })
  t.strictSame(config.ext_authz, { command: 'authz', args: [], ...defaults })
  t.strictSame(config.casbin_authz, { model_path: 'm.conf', policy_path: 'p.csv' })
  t.notOk('http_authz' in config)

  const bounded = await loadText(
    `${MINIMUM}ext_auth: {command: a, timeout: 2s, max_concurrency: 1, cache: 1m30s, env: [LDAP_URL]}`,
  )
  t.strictSame(bounded.config.ext_auth, {
    command: 'a',
    args: [],
    timeout_ms: 2_000,
    max_concurrency: 1,
    env: ['LDAP_URL'],
    cache_ms: 90_000,
  })
})

t.test('keeps the headers of http_authz secret, from the file or from others', async t => {
  const { config } = await loadText(
    `${MINIMUM}http_authz:\n  url: HTTPS://Opa:8181/v1/data/registry\n  cache: 5s\n  ca_file: ca.pem\n  headers:\n    Authorization: {value_file: /run/opa}\n    X-From: lw\n    X-Own: {value: "1"}\n`,
    { files: { '/run/opa': 'Bearer s3cret\n' } },
  )
  const { headers = {}, ...rest } = config.http_authz ?? {}
  t.strictSame(rest, {
    url: 'https://opa:8181/v1/data/registry',
    ca_file: 'ca.pem',
    timeout_ms: 5_000,
    cache_ms: 5_000,
  })
  t.strictSame(
    Object.entries(headers).map(([name, value]) => [name, value.reveal()]),
    [
      ['Authorization', 'Bearer s3cret'],
      ['X-From', 'lw'],
      ['X-Own', '1'],
    ],
  )
  t.equal(JSON.stringify(headers), '{"Authorization":"***","X-From":"***","X-Own":"***"}')
})

t.test('needs users or ext_auth, and acl or an authorizer', async t => {
  await compare(t, [
    ['acl: []\next_auth: {command: a}', []],
    ['users: {}\next_authz: {command: a}', []],
    ['users: {}\nhttp_authz: {url: "http://a/"}', []],
    ['users: {}\ncasbin_authz: {model_path: m, policy_path: p}', []],
    ['ext_auth: {command: a}\ncasbin_authz: {model_path: m, policy_path: p}', []],
    ['users:\nacl:\next_auth: {command: a}\next_authz: {command: b}', []],
    ['ext_auth: {command: a}', [`1:1: error: ${NO_ACL}`]],
    ['ext_authz: {command: a}', [`1:1: error: ${NO_USERS}`]],
    ['acl: []\next_auth:', [`1:1: error: ${NO_USERS}`]],
    ['users: {}\nacl:\next_authz:\nhttp_authz:\ncasbin_authz:', [`2:1: error: ${NO_ACL}`]],
    ['acl: []\next_auth: {args: []}', ['2:1: error: ext_auth.command: is missing; name a program']],
    ['users: {}\nhttp_authz: {}', ['2:1: error: http_authz.url: is missing']],
  ])
  const { config, policy } = await loadText('ext_auth: {command: a}\next_authz: {command: b}')
  t.equal(config.users.size, 0)
  t.strictSame(config.acl, [])
  t.strictSame(policy.rules, [])
})

t.test('checks values of these sections', async t => {
  const duration = 'must be a duration such as 30s or 1m30s; the units are ms, s, m and h'
  const url = 'must be http://HOST:PORT/PATH or https://HOST:PORT/PATH'
  await compare(t, [
    [below('ext_auth: {command: ""}'), ['3:21: error: ext_auth.command: is missing; name a program']],
    [below('ext_auth: {command: a, args: x}'), ['3:30: error: ext_auth.args: must be a list; write ["x"]']],
    [below('ext_auth: {command: a, timeout: 10}'), [`3:33: error: ext_auth.timeout: ${duration}`]],
    [
      below('ext_auth: {command: a, timeout: 0s}'),
      ['3:33: error: ext_auth.timeout: must be more than 0 and at most 60s'],
    ],
    [
      below('ext_auth: {command: a, timeout: 2m}'),
      ['3:33: error: ext_auth.timeout: must be more than 0 and at most 60s'],
    ],
    [
      below('ext_auth: {command: a, max_concurrency: 0}'),
      ['3:41: error: ext_auth.max_concurrency: must be at least 1'],
    ],
    [
      below('ext_auth: {command: a, max_concurrency: 999}'),
      ['3:41: error: ext_auth.max_concurrency: must be at most 256'],
    ],
    [below('ext_auth: {command: a, cache: 5}'), [`3:31: error: ext_auth.cache: ${duration}`]],
    [
      below('ext_auth: {command: a, env: ["A=b"]}'),
      ['3:30: error: ext_auth.env.0: must be the name of an environment variable'],
    ],
    [
      below('ext_auth: {command: a, timout: 5s}'),
      ['3:24: warning: ext_auth: unknown key "timout"; did you mean "timeout"?'],
    ],
    [below('ext_auth: a'), ['3:11: error: ext_auth: must be a mapping']],
    [below('ext_authz: {comand: a}'), ['3:1: error: ext_authz.command: is missing; name a program']],
    [
      below('casbin_authz: {model_path: a}'),
      ['3:1: error: casbin_authz.policy_path: is missing; name a file'],
    ],
    [below('http_authz: {url: "opa:8181"}'), [`3:19: error: http_authz.url: ${url}`]],
    [below('http_authz: {url: "ftp://opa/"}'), [`3:19: error: http_authz.url: ${url}`]],
    [below('http_authz: {url: "http://"}'), [`3:19: error: http_authz.url: ${url}`]],
    [
      below('http_authz: {url: "http://u:p@opa/"}'),
      [`3:19: error: http_authz.url: ${url}; give user and password in headers, as Authorization`],
    ],
    [
      below('http_authz: {url: "http://opa/", urll: x}'),
      ['3:34: error: http_authz: unknown key "urll"; did you mean "url"?'],
    ],
    [
      below('http_authz: {url: "http://opa/", headers: {"a b": c}}'),
      ['3:51: error: http_authz.headers["a b"]: is no header that can be set'],
    ],
    [
      below('http_authz: {url: "http://opa/", headers: {Host: c}}'),
      ['3:50: error: http_authz.headers.Host: is no header that can be set'],
    ],
    [
      below('http_authz: {url: "http://opa/", headers: {A: "b\\nc"}}'),
      ['3:47: error: http_authz.headers.A: must be one line of ASCII'],
    ],
    [
      below('http_authz: {url: "http://opa/", headers: {A: {}}}'),
      ['3:44: error: http_authz.headers.A.value: is missing, and so is "value_file"'],
    ],
    [
      below('http_authz: {url: "http://opa/", headers: {A: {value_file: /gone}}}'),
      ['3:60: error: http_authz.headers.A.value_file: cannot read "/gone": no such file'],
    ],
  ])
})

t.test('warns of an authorizer that is never asked', t => {
  const sections = {
    ext_authz: { command: 'a' },
    http_authz: { url: 'http://opa/' },
    casbin_authz: { model_path: 'm', policy_path: 'p' },
  }
  const advice = (...names: readonly (keyof typeof sections)[]) => {
    const file: FileConfig = FileSchema.parse({
      users: {},
      ...Object.fromEntries(names.map(name => [name, sections[name]])),
    })
    return adviceOnExternal(file).map(
      ({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`,
    )
  }
  t.strictSame(advice(), [])
  t.strictSame(advice('casbin_authz'), [])
  t.strictSame(advice('ext_authz', 'http_authz', 'casbin_authz'), [
    'warning http_authz: http_authz is never asked, since ext_authz always has an answer',
    'warning casbin_authz: casbin_authz is never asked, since ext_authz always has an answer',
  ])
  t.end()
})
