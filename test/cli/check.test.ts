import { join } from 'node:path'
import t from 'tap'
import type { Scope } from '../support/scope.ts'
import { runCli, writeConfigText } from './fake-terminal.ts'

const KEYS = join(import.meta.dirname, '../fixtures/keys')
const CERTS = join(import.meta.dirname, '../fixtures/certs')
const TAIL = 'users: {admin: {password: ""}}\nacl: []\n'

/** Checks this text, whose `KEYS/` and `CERTS/` are those of the fixtures; the file is called `FILE` in what it says. */
async function check(t: Scope, text: string) {
  const file = writeConfigText(t, text.replaceAll('KEYS', KEYS).replaceAll('CERTS', CERTS))
  const { code, out, err } = await runCli(['check', '-c', file])
  const lines = (output: string) =>
    output
      .replaceAll(file, 'FILE')
      .replaceAll(KEYS, 'KEYS')
      .replaceAll(CERTS, 'CERTS')
      .split('\n')
      .slice(0, -1)
  return { code, out: lines(out), err: lines(err) }
}

t.test('what can be started is ok', async t => {
  const cases = [
    { text: TAIL, ok: 'FILE: ok, 1 user, 0 rules' },
    {
      text: `domains: {registry: localhost}\ntls: {mode: files, certificate: CERTS/server.pem, key: CERTS/server.key}\n${TAIL}`,
      ok: 'FILE: ok, 1 user, 0 rules',
    },
    {
      text: 'users: {a: {password: ""}, b: {password: ""}}\nacl: [{match: {account: a}, actions: ["*"]}]\n',
      ok: 'FILE: ok, 2 users, 1 rule',
    },
  ]
  for (const { text, ok } of cases) t.strictSame(await check(t, text), { code: 0, out: [ok], err: [] }, text)
})

t.test('what is only odd is told, and ok', async t => {
  t.strictSame(await check(t, `server: {addr: ":5001"}\nusers: {open: {}}\nacl: []\n`), {
    code: 0,
    out: ['FILE: ok, 1 user, 0 rules'],
    err: [
      'FILE:2:15: warning: users.open: user "open" has no password: any password, or none, logs in as "open"; give a bcrypt hash, or password: "" to lock the user',
      'FILE:1:16: note: server.addr: this address is not opened, since listen.https serves the token realm',
    ],
  })
  const expired = `token: {certificate: KEYS/p384.expired.crt, key: KEYS/p384.key}\n${TAIL}`
  t.strictSame(await check(t, expired), {
    code: 0,
    out: ['FILE: ok, 1 user, 0 rules'],
    err: [
      'FILE:1:22: warning: token.certificate: the certificate of the token key expires soon or has expired',
    ],
  })
})

t.test('every fault is told at its place, and the exit code is 3', async t => {
  const cases = [
    {
      why: 'two faults of the file at once',
      text: 'users: {a: {pasword: x}}\nacl:\n  - match: {acount: a}\n    actions: [pull]\n',
      err: [
        /^FILE:1:13: error: users\.a: unknown key "pasword"; did you mean "password"\?/,
        /^FILE:3:13: error: acl\.0\.match: unknown key "acount"; did you mean "account"\?/,
        /^2 configuration errors$/,
      ],
    },
    {
      why: 'broken YAML',
      text: 'users: {\n',
      err: [/^FILE:\d+:\d+: error: /],
    },
    {
      why: 'a token key that no registry takes',
      text: `token:\n  certificate: KEYS/ed25519.crt\n  key: KEYS/ed25519.key\n${TAIL}`,
      err: [/^FILE:3:8: error: token\.key: KEYS\/ed25519\.key: registries do not accept ed25519 keys/],
    },
    {
      why: 'a key with a passphrase',
      text: `token:\n  certificate: KEYS/p256.crt\n  key: KEYS/p256.encrypted.key\n${TAIL}`,
      err: [/^FILE:3:8: error: token\.key: KEYS\/p256\.encrypted\.key: the private key has a passphrase/],
    },
    {
      why: 'a key that is none',
      text: `token:\n  certificate: KEYS/p256.crt\n  key: KEYS/p256.crt\n${TAIL}`,
      err: [/^FILE:\d:\d+: error: token\.(key|certificate): KEYS\/p256\.crt: the file holds no private key/],
    },
    {
      why: 'pairs that do not belong together, for tokens and for TLS',
      text: `tls:
  mode: files
  certificate: KEYS/rsa-2048.crt
  key: KEYS/p256.key
token:
  certificate: KEYS/p256.crt
  key: KEYS/rsa-2048.key
${TAIL}`,
      err: [
        'FILE:4:8: error: tls.key: KEYS/p256.key: is not the key of the certificate in KEYS/rsa-2048.crt',
        'FILE:6:16: error: token.certificate: KEYS/p256.crt: the certificate does not belong to the key in KEYS/rsa-2048.key',
        '2 configuration errors',
      ],
    },
    {
      why: 'all files that cannot be read',
      text: `tls: {mode: files, certificate: /nonexistent/a.crt, key: /nonexistent/a.key}
token: {certificate: /nonexistent/b.crt, key: KEYS/p256.key}
${TAIL}`,
      err: [
        'FILE:1:33: error: tls.certificate: /nonexistent/a.crt: the file cannot be read (ENOENT)',
        'FILE:1:58: error: tls.key: /nonexistent/a.key: the file cannot be read (ENOENT)',
        'FILE:2:22: error: token.certificate: /nonexistent/b.crt: the file cannot be read (ENOENT)',
        '3 configuration errors',
      ],
    },
    {
      why: 'roots of an ACME server and of clients',
      text: `tls:
  client_auth: {ca_file: /nonexistent/clients.pem}
  acme:
    ca_root_file: /nonexistent/roots.pem
    fallback: [{directory: https://ca.example/dir, ca_root_file: KEYS/p256.key}]
domains: {registry: r.example.com}
${TAIL}`,
      err: [
        'FILE:2:26: error: tls.client_auth.ca_file: /nonexistent/clients.pem: cannot be read (ENOENT)',
        'FILE:4:19: error: tls.acme.ca_root_file: /nonexistent/roots.pem: cannot be read (ENOENT)',
        'FILE:5:66: error: tls.acme.fallback.0.ca_root_file: KEYS/p256.key: holds no PEM certificate',
        '3 configuration errors',
      ],
    },
    {
      why: "docker_auth's server names the files for both",
      text: `server: {addr: ":5001", certificate: /nonexistent/a.crt, key: KEYS/p256.key}\n${TAIL}`,
      err: [
        /^FILE:1:16: note: /,
        'FILE:1:38: error: server.certificate: /nonexistent/a.crt: the file cannot be read (ENOENT)',
      ],
    },
    {
      why: 'a certificate for another host',
      text: `domains: {registry: elsewhere.example.com}
tls: {mode: files, certificate: CERTS/server.pem, key: CERTS/server.key}
${TAIL}`,
      err: [
        /^FILE:2:33: error: tls\.certificate: CERTS\/server\.pem: does not cover elsewhere\.example\.com/,
      ],
    },
  ]
  for (const { text, err, why } of cases) {
    const checked = await check(t, text)
    t.strictSame({ code: checked.code, out: checked.out }, { code: 3, out: [] }, why)
    t.equal(checked.err.length, err.length, `${why}: nothing else is told`)
    for (const [index, line] of err.entries()) t.match(checked.err[index], line)
  }
})

t.test('programs, models and keys that cannot be used are faults at their place', async t => {
  const text = [
    'users: {"": {}}',
    'acl: []',
    'ext_auth: {command: /no/such/program}',
    'casbin_authz: {model_path: /no/such/model, policy_path: /no/such/policy}',
    'require_signature: [{name: "prod/*", key_file: /no/such/key}]',
  ]
  const rows: readonly (readonly [lines: readonly number[], fault: RegExp])[] = [
    [[0, 1, 2], /:3:\d+: error: ext_auth\.command: \/no\/such\/program: /],
    [[0, 1, 3], /:3:\d+: error: casbin_authz\.model_path: \/no\/such\/model: /],
    [[0, 1, 4], /:3:\d+: error: require_signature\.0\.key_file: \/no\/such\/key: /],
  ]
  for (const [lines, fault] of rows) {
    const file = writeConfigText(t, `${lines.map(line => text[line]).join('\n')}\n`)
    const { code, err } = await runCli(['check', '-c', file])
    t.equal(code, 3)
    t.match(err, fault)
  }
})
