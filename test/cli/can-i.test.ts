import t from 'tap'
import type { Scope } from '../support/scope.ts'
import { runCli, writeConfigText } from './fake-terminal.ts'

const CONFIG = `server: {addr: ":5001"}
token: {issuer: test, service: registry.test}
users:
  admin: {labels: {role: [administrator]}}
  developer: {labels: {team: [backend, tools]}}
  pusher: {}
acl:
  - match: {labels: {role: administrator}}
    actions: ["*"]
    comment: administrators may do everything
  - match: {account: "?*", type: repository, name: "dev-\${labels:team}/*"}
    actions: [pull, push]
  - match: {account: pusher}
    actions: [push]
  - match: {ip: 10.0.0.0/8}
    actions: [pull]
  - match: {service: "other"}
    actions: [pull]
`

function setUp(t: Scope) {
  const file = writeConfigText(t, CONFIG)
  const at = (line: number) => `${file}:${line}`
  return { at, ask: (line: string) => runCli(['can-i', ...line.split(' '), '-c', file]) }
}

t.test('a yes names the rule that decided and why the ones before it did not', async t => {
  const { ask, at } = setUp(t)
  t.strictSame(await ask('* catalog --type registry --as admin'), {
    code: 0,
    out: `yes: acl[0] allows *
  acl[0]  ${at(8)}  allows *  # administrators may do everything
`,
    err: '',
  })
  t.strictSame(await ask('push dev-tools/app:1.0 --as developer'), {
    code: 0,
    out: `yes: acl[1] allows pull, push
  acl[1]  ${at(11)}  allows pull, push
tried before, in this order:
  acl[0]  ${at(8)}   no labels.role to match "administrator"  # administrators may do everything
`,
    err: '',
  })
})

t.test('a no says what docker would print, and every rule that was tried', async t => {
  const { ask, at } = setUp(t)
  t.strictSame(await ask('delete dev-backend/app --as developer'), {
    code: 1,
    out: `no: developer may not delete from dev-backend/app: acl[1] allows only pull, push
  acl[1]  ${at(11)}  allows pull, push
tried before, in this order:
  acl[0]  ${at(8)}   no labels.role to match "administrator"  # administrators may do everything
`,
    err: '',
  })
  t.strictSame(await ask('pull app --ip 192.0.2.1'), {
    code: 1,
    out: `no: anonymous may not pull from app: no rule matches (default-deny)
note: users has no "", so nobody gets in without a login
tried, in this order:
  acl[0]  ${at(8)}   no labels.role to match "administrator"  # administrators may do everything
  acl[1]  ${at(11)}  no account to match "?*"
  acl[2]  ${at(13)}  no account to match "pusher"
  acl[3]  ${at(15)}  ip "192.0.2.1" does not match "10.0.0.0/8"
  acl[4]  ${at(17)}  service "registry.test" does not match "other"
`,
    err: '',
  })
})

t.test('the question can be of anybody, from anywhere, about anything', async t => {
  const { ask } = setUp(t)
  const cases = [
    { line: 'pull,push dev-backend/x --as developer', code: 0, why: 'several actions' },
    { line: 'pull,delete dev-backend/x --as developer', code: 1, why: 'one of them is denied' },
    { line: 'push dev-web/x --as developer', code: 1, why: 'not a team of theirs' },
    { line: 'push dev-web/x --as developer --label team=web', code: 0, why: 'a label in place of theirs' },
    { line: 'push dev-tools/x --as developer --label team=web', code: 1, why: 'theirs are gone then' },
    {
      line: 'push dev-tools/x --as developer --label team=web --label team=tools',
      code: 0,
      why: 'several values',
    },
    { line: 'pull x --as new --label role=administrator', code: 0, why: 'a user to be' },
    { line: 'pull x --as new --label toString=1', code: 1, why: 'a label of any name' },
    { line: 'pull x --as admin --label role=', code: 1, why: 'an empty label' },
    { line: 'pull x --as developer --ip 10.1.2.3', code: 0, why: 'an address' },
    { line: 'pull x --as developer --ip ::ffff:10.1.2.3', code: 0, why: 'the same in IPv6' },
    { line: 'pull x --as developer', code: 1, why: 'an unknown address is in no network' },
    { line: 'pull x --as developer --service other', code: 0, why: 'a service' },
    { line: '* catalog --type registry --as developer', code: 1, why: 'the catalog' },
    { line: 'pull host:5000/x --as admin', code: 0, why: "a port's colon is before a slash" },
  ]
  for (const { line, code, why } of cases) {
    const answer = await ask(line)
    t.strictSame(
      { code: answer.code, word: answer.out.split(':')[0] },
      { code, word: code === 0 ? 'yes' : 'no' },
      why,
    )
  }
})

t.test('what else decides is noted', async t => {
  const { ask } = setUp(t)
  const notes = async (line: string) =>
    (await ask(line)).out.split('\n').flatMap(text => (text.startsWith('note: ') ? [text.slice(6)] : []))
  t.strictSame(await notes('pull dev-backend/x --as developer'), [])
  t.strictSame(await notes('pull x --as Admin'), ['users has no "Admin", so this user cannot log in'])
  t.strictSame(await notes('push X/y --as admin'), ['no repository can have this name'])
  t.strictSame(await notes('* catalog --type registry --as admin'), [])
  t.strictSame(await notes('push x --as pusher'), ['to push takes the right to pull, too, which is denied'])
})

t.test('a faulty configuration is no answer', async t => {
  const file = writeConfigText(t, 'users: {}\nacl: [{match: {acount: x}, actions: [pull]}]\n')
  const { code, out, err } = await runCli(['can-i', 'pull', 'x', '-c', file])
  t.strictSame({ code, out }, { code: 3, out: '' })
  t.match(err, `${file}:2:16: error: acl.0.match: unknown key "acount"`)
})

t.test("a name that users does not know is a client certificate's where those are accepted", async t => {
  const file = writeConfigText(
    t,
    `tls: {client_auth: {ca_file: ca.pem}}
users: {developer: {labels: {cert_cn: ["*"]}}}
acl:
  - {match: {labels: {cert_ou: build}, name: "ci/\${labels:cert_cn}/*"}, actions: [push]}
  - {match: {account: developer, name: "ci/\${labels:cert_cn}/*"}, actions: [push]}
`,
  )
  const ask = (...args: readonly string[]) => runCli(['can-i', ...args, '-c', file])
  const as = (name: string, cn: string) =>
    ask('push', 'ci/runner/app', '--as', name, '--label', `cert_cn=${cn}`, '--label', 'cert_ou=build')
  const yes = await as('runner', 'runner')
  t.equal(yes.code, 0, yes.out)
  t.match(yes.out, 'so this is who has a client certificate of this name')
  const star = await as('star', '*')
  t.equal(star.code, 1, star.out)
  t.equal(
    (await ask('push', 'ci/runner/app', '--as', 'developer')).code,
    0,
    'what the file says is a pattern',
  )
})
