import { inspect } from 'node:util'
import bcrypt from 'bcryptjs'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { nearest } from '../../src/config/nearest.ts'
import { ConfigError } from '../../src/model/errors.ts'
import { decide } from '../../src/policy/policy.ts'
import { loadText, MINIMUM, report } from './load-text.ts'

const FIXTURE = 'test/fixtures/config/docker-auth-acme.yml'

/** The configuration of a text that has users and acl already. */
async function sections(text: string, env: Readonly<Record<string, string>> = {}) {
  return (await loadText(`${MINIMUM}${text}`, { env })).config
}

t.test("runs docker_auth's configuration of the set-up that is replaced as it is", async t => {
  const { config, policy, warnings, notes, locate } = await loadConfig(FIXTURE, {})
  t.strictSame(warnings, [])
  t.strictSame(
    notes.map(({ line, column, path }) => [line, column, path]),
    [[2, 9, 'server.addr']],
  )
  t.strictSame(config.token, {
    issuer: 'Acme auth server',
    expiration: 900,
    disable_legacy_key_id: false,
    certificate: '/certs/server.pem',
    key: '/certs/server.key',
  })
  t.strictSame(config.tls, { mode: 'internal', min_version: '1.2' })
  t.strictSame(config.server, { listen: null, path_prefix: '', real_ip_pos: 0, hsts: false })
  t.strictSame([...config.users.keys()], ['username1', 'username2', 'admin', 'developer', ''])
  t.strictSame(config.users.get('developer')?.labels, { team: ['backend'], role: ['developer'] })
  t.strictSame(config.users.get(''), { labels: {} })
  for (const name of ['username1', 'username2', 'admin', 'developer']) {
    const hash = config.users.get(name)?.password?.reveal() ?? ''
    t.match(hash, /^\$2y\$05\$/)
    t.ok(bcrypt.compareSync(`${name}-password`, hash), name)
  }
  const may = (name: string, repository: string, action: string) => {
    const subject = {
      name,
      via: name === '' ? 'anonymous' : 'static',
      labels: config.users.get(name)?.labels ?? {},
    } as const
    const access = { type: 'repository', name: repository, actions: [action] }
    return decide(policy, { subject, access, service: 'r', clientIp: '::1', now: 0 }).granted.length === 1
  }
  t.strictSame(
    [
      may('developer', 'dev-backend/x', 'push'),
      may('developer', 'dev-frontend/x', 'push'),
      may('admin', 'x', 'delete'),
      may('', 'x', 'pull'),
      may('', 'x', 'push'),
    ],
    [true, false, true, true, false],
  )
  t.strictSame(locate(['token', 'key']), { line: 8, column: 8 })
  t.strictSame(locate(['token', 'service']), { line: 4, column: 1 }, 'the section of an absent key')
  t.strictSame(locate(['acl', 4, 'match', 'account']), { line: 35, column: 22 })
  t.strictSame(locate(['audit', 'file']), { line: 1, column: 1 })
})

t.test('takes defaults from the environment and lets the file win', async t => {
  const env = { REGISTRY_DOMAIN: 'R.example', AUTH_DOMAIN: 'a.example', LANDWAITER_STATE_DIR: '/s' }
  const config = await sections('', env)
  t.strictSame(config.domains, { registry: 'r.example', auth: 'a.example' })
  t.equal(config.state_dir, '/s')
  const own = await sections('domains: {registry: own.example}\nstate_dir: /own', env)
  t.strictSame(own.domains, { registry: 'own.example', auth: 'a.example' })
  t.equal(own.state_dir, '/own')
  t.strictSame((await sections('', { REGISTRY_DOMAIN: '', AUTH_DOMAIN: '' })).domains, {})
  t.strictSame(await report(MINIMUM, { env: { AUTH_DOMAIN: 'https://a' } }), [
    'c.yml:1:1: error: domains.auth: must be a host name or IP address, with or without a port; the value comes from the environment variable AUTH_DOMAIN',
  ])
})

t.test('replaces variables in its own sections only', async t => {
  const env = { HOST: 'h.example', PORT: '8443', EMPTY: '', YES: 'true', BUCKET: 'b', INJECT: 'x]\n- y: {' }
  const rows: readonly [
    text: string,
    pick: (config: Awaited<ReturnType<typeof sections>>) => unknown,
    value: unknown,
  ][] = [
    ['domains: {registry: "${HOST}:${PORT}"}', c => c.domains.registry, 'h.example:8443'],
    ['domains:\n  registry: ${HOST}\n', c => c.domains.registry, 'h.example'],
    ['domains: {registry: "${GONE:-d.example}"}', c => c.domains.registry, 'd.example'],
    ['domains: {registry: "${EMPTY:-d.example}"}', c => c.domains.registry, 'd.example'],
    ['domains: {registry: "${EMPTY}"}', c => c.domains.registry, undefined],
    ['domains: {registry: "${GONE:-}"}', c => c.domains.registry, undefined],
    ['trusted_proxies: ["${GONE:-}", "${LB:-10.0.0.1}"]', c => c.trusted_proxies, ['10.0.0.1']],
    ['audit: {file: "$$HOST/$HOST/$${HOST}"}', c => c.audit.file, '$HOST/$HOST/${HOST}'],
    ['audit: {file: "${INJECT}"}', c => c.audit.file, 'x]\n- y: {'],
    ['registry: {run: {delete: "${GONE:-no}"}}', c => c.registry.run?.delete, false],
    ['registry: {run: "${YES}"}', c => c.registry.run?.delete, true],
    ['listen: {http: "${GONE:-off}"}', c => c.listen.http, null],
    ['state_dir: ${GONE:-/state}', c => c.state_dir, '/state'],
    ['limits: {shutdown_timeout: "${GONE:-5s}"}', c => c.limits.shutdown_timeout_ms, 5000],
    ['token: {issuer: "${HOST} $$"}', c => c.token.issuer, '${HOST} $$'],
    ['server: {path_prefix: "/${HOST}"}', c => c.server.path_prefix, '/${HOST}'],
  ]
  for (const [text, pick, value] of rows) t.strictSame(pick(await sections(text, env)), value, text)

  const docker = await loadText(
    'users: {"${HOST}": {labels: {g: ["${HOST}"]}, password: "$2y$05$x"}}\nacl: [{match: {name: "${account}/${HOST}/$$"}, actions: ["${HOST}"]}]',
    { env },
  )
  t.strictSame(docker.config.users.get('${HOST}')?.labels, { g: ['${HOST}'] })
  t.equal(docker.config.users.get('${HOST}')?.password?.reveal(), '$2y$05$x')
  t.strictSame(docker.config.acl, [{ match: { name: '${account}/${HOST}/$$' }, actions: ['${HOST}'] }])

  const faults: readonly [text: string, line: string][] = [
    [
      'audit:\n  file: a${GONE}b',
      '4:9: error: audit.file: the environment variable GONE is not set; set it, or give a default: ${GONE:-default}',
    ],
    [
      'state_dir: "${home}"',
      '3:12: error: state_dir: "${home}" does not name an environment variable; write ${NAME} in capital letters, or $$ for a dollar sign',
    ],
    [
      'state_dir: "${HOME"',
      '3:12: error: state_dir: "${HOME" does not name an environment variable; write ${NAME} in capital letters, or $$ for a dollar sign',
    ],
    [
      'state_dir: "${home:-secret}"',
      '3:12: error: state_dir: "${home:-…}" does not name an environment variable; write ${NAME} in capital letters, or $$ for a dollar sign',
    ],
  ]
  for (const [text, line] of faults) t.strictSame(await report(`${MINIMUM}${text}`), [`c.yml:${line}`], text)
})

t.test('reads secrets from files', async t => {
  const hash = '$2y$05$xrXVc8s9KzPoOjWM45O/Tuw48FK4nRCu3XnuDBBc1Nkmexv4haCD2'
  const files = { '/run/bob': `\n ${hash} \n`, key: 'k\n', '/run/empty': ' \n' }
  const bob = 'users:\n  bob:\n    password_file: /run/bob\nacl: []\n'
  const { config, warnings } = await loadText(bob, { files })
  t.equal(config.users.get('bob')?.password?.reveal(), hash)
  t.strictSame(warnings, [])
  const s3 =
    'registry: {run: {storage: {s3: {bucket: b, region: r, access_key_file: key, secret_key_file: "${F}"}}}}\n'
  const { storage } =
    (await loadText(`${MINIMUM}${s3}`, { files, env: { F: 'key' } })).config.registry.run ?? {}
  t.equal(storage?.kind === 's3' && storage.access_key?.reveal(), 'k')
  t.equal(storage?.kind === 's3' && storage.secret_key?.reveal(), 'k')
  t.notMatch(inspect(storage), /key'/, 'the file names are gone too')

  const rows: readonly [user: string, lines: readonly string[]][] = [
    ['password_file: /gone', ['2:24: error: users.bob.password_file: cannot read "/gone": no such file']],
    ['password_file: /run/empty', ['2:24: error: users.bob.password_file: the file "/run/empty" is empty']],
    [
      'password: "", password_file: /run/bob',
      ['2:38: error: users.bob.password_file: cannot be given beside "password"'],
    ],
    ['password_file: [a]', ['2:24: error: users.bob.password_file: must be a single value, not a list']],
  ]
  for (const [user, lines] of rows) {
    const expected = lines.map(line => `c.yml:${line}`)
    t.strictSame(await report(`users:\n  bob: {${user}}\nacl: []\n`, { files }), expected, user)
  }
})

t.test('says why the file itself cannot be read', async t => {
  const dir = t.testdir({ 'latin1.yml': Buffer.from([0x75, 0xe9]), 'ok.yml': MINIMUM })
  const coded = (code: string) => async () => {
    throw Object.assign(new Error(`${code}: open`), { code })
  }
  const rows: readonly [file: string, message: string, readFile?: () => Promise<string>][] = [
    [`${dir}/none.yml`, 'cannot read the configuration: no such file'],
    [`${dir}/ok.yml/below`, 'cannot read the configuration: no such file'],
    [dir, 'cannot read the configuration: is a directory'],
    [`${dir}/latin1.yml`, 'cannot read the configuration: is not UTF-8 text'],
    ['x.yml', 'cannot read the configuration: permission denied', coded('EACCES')],
    ['x.yml', 'cannot read the configuration: EIO', coded('EIO')],
  ]
  for (const [file, message, readFile] of rows) {
    const error = await loadConfig(file, {}, readFile).catch((error: unknown) => error)
    t.ok(error instanceof ConfigError)
    if (error instanceof ConfigError)
      t.strictSame(error.issues, [{ file, line: 0, column: 0, path: '', message }])
  }
  t.strictSame((await loadConfig(`${dir}/ok.yml`, {})).warnings, [])
})

t.test("loads docker_auth's smallest examples", async t => {
  const tls =
    'server:\n  addr: ":5001"\n  certificate: "/path/to/server.pem"\n  key: "/path/to/server.key"\n\ntoken:\n  issuer: "Acme auth server"  # the registry\'s\n  expiration: 900\n'
  const rest =
    'users:\n  "admin":\n    password: "$2y$05$LO.vzwpWC5LZGqThvEfznu8qhb5SGqvBSWY1J3yZ4AxtMRZ3kN5jC"  # badmin\nacl:\n  - match: {account: "admin"}\n    actions: ["*"]\n    comment: "Admin has full access to everything."\n'
  const { config, warnings } = await loadText(tls + rest)
  t.strictSame(warnings, [])
  t.match(config.tls, { mode: 'files', certificate: '/path/to/server.pem' })
  t.match(config.token, { issuer: 'Acme auth server', expiration: 900, key: '/path/to/server.key' })
})

t.test('answers any broken file with ConfigError, never with another error', async t => {
  const whole = `${MINIMUM}listen: {https: [a, {b: *c}]}\n<<: &d [*d]\n? {a: b}\n: {: x}\nusers: {a: {labels: {g: [&e x, *e]}}}\n`
  for (let length = 0; length <= whole.length; length++) {
    const outcome = await loadText(whole.slice(0, length)).catch((error: unknown) => error)
    if (outcome instanceof Error) t.ok(outcome instanceof ConfigError, whole.slice(0, length))
  }
})

t.test('finds the nearest key', async t => {
  const keys = ['account', 'actions', 'registry', 'password', 'name', 'ip']
  const rows: readonly [word: string, candidate: string | undefined][] = [
    ['acount', 'account'],
    ['accuont', 'account'],
    ['Account', 'account'],
    ['registery', 'registry'],
    ['passwd', 'password'],
    ['action', 'actions'],
    ['reg', 'registry'],
    ['nmae', 'name'],
    ['pi', 'ip'],
    ['team', undefined],
    ['x', undefined],
    ['', undefined],
  ]
  for (const [word, candidate] of rows) t.equal(nearest(word, keys), candidate, word)
})
