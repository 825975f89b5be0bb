import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openCasbinAuthz } from '../../src/authz/casbin-authz.ts'
import { CASBIN_FUNCTIONS } from '../../src/authz/casbin-functions.ts'
import { labelMatch } from '../../src/authz/label-match.ts'
import type { Labels } from '../../src/model/subject.ts'
import { question } from './question.ts'

const REQUEST = 'account, type, name, service, ip, action, labels'
const MATCHER =
  'r.account == "admin" || (g(r.account, p.account) && r.type == p.type && r.name == p.name && r.service == p.service && ipMatch(r.ip, p.ip) && r.action == p.action && labelMatch(r.labels, p.labels))'
/** The rights of docker_auth's own test. */
const POLICY = `# who, what, where
p, alice, book, book1, bookstore1, 1.2.3.4, read, "{""a"":[""b""]}"
p, alice, book, book1, bookstore1, 1.2.3.4, write, "{""a"":[""b""]}"

p, role1, book, book2, bookstore1, 192.168.1.0/24, read, "{""a"":[""b"",""c""]}"
g, bob, role1
`

interface Parts {
  readonly request?: string
  readonly rule?: string
  readonly effect?: string
  readonly matcher?: string
  readonly policy?: string
}

function modelText({ request = REQUEST, rule = REQUEST, effect, matcher = MATCHER }: Parts): string {
  return [
    '[request_definition]',
    `r = ${request}`,
    '[policy_definition]',
    `p = ${rule}`,
    '[role_definition]',
    'g = _, _',
    '[policy_effect]',
    `e = ${effect ?? 'some(where (p.eft == allow))'}`,
    '[matchers]',
    `m = ${matcher}`,
  ].join('\n')
}

function open(t: Test, parts: Parts = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'lw-casbin-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const settings = { model_path: join(dir, 'model.conf'), policy_path: join(dir, 'policy.csv') }
  writeFileSync(settings.model_path, modelText(parts))
  writeFileSync(settings.policy_path, parts.policy ?? POLICY)
  return openCasbinAuthz(settings)
}

t.test('compares labels as docker_auth’s function', t => {
  const rows: readonly [have: Labels, want: Labels, matches: boolean][] = [
    [{ a: ['b'] }, { a: ['b'] }, true],
    [{ a: ['b'] }, { a: ['c'] }, false],
    [{ a: ['b', 'c'] }, { a: ['b'] }, true],
    [{ a: ['b'] }, { a: ['b', 'c'] }, false],
    [{ a: ['b', 'c'], d: ['e'] }, { a: ['b', 'c'] }, true],
    [{ a: ['b'] }, { a: ['b', 'c'], d: ['f'] }, false],
    [{}, {}, true],
    [{}, { a: [] }, true],
    [{}, { toString: ['x'] }, false],
  ]
  for (const [have, want, matches] of rows) {
    t.equal(labelMatch(have, want), matches, JSON.stringify([have, want]))
  }
  t.end()
})

t.test('gives docker_auth’s answers to the questions of its own test', async t => {
  const casbin = await open(t)
  const all = ['write', 'read', 'delete']
  const b = { a: ['b'] }
  const rows: readonly [
    account: string,
    asked: string,
    ip: string,
    labels: Labels,
    granted: readonly string[],
  ][] = [
    ['alice', 'book book1 bookstore1', '1.2.3.4', b, ['write', 'read']],
    ['alice', 'book book1 bookstore1', '1.2.3.4', { a: ['b', 'c'] }, ['write', 'read']],
    ['alice', 'book book1 bookstore1', '1.2.3.3', b, []],
    ['alice', 'book book2 bookstore2', '1.2.3.4', b, []],
    ['alice', 'pen book1 bookstore1', '1.2.3.4', b, []],
    ['alice', 'book book1 bookstore1', '1.2.3.4', { a: ['c'] }, []],
    ['bob', 'book book2 bookstore1', '192.168.1.123', { a: ['b', 'c'], d: ['e'] }, ['read']],
    ['bob', 'book book2 bookstore1', '192.168.1.123', { a: ['b', 'c'] }, ['read']],
    ['bob', 'book book2 bookstore1', '192.168.1.123', { a: ['b'], d: ['e'] }, []],
    ['bob', 'book book2 bookstore1', '192.168.0.123', { a: ['b', 'c'], d: ['e'] }, []],
    ['bob', 'book book2 restaurant', '192.168.1.123', { a: ['b', 'c'], d: ['e'] }, []],
    ['admin', 'book book1 bookstore1', '1.2.3.4', b, all],
    ['admin', 'book book1 bookstore1', '1.2.3.3', b, all],
    ['admin', 'book book2 bookstore2', '1.2.3.4', b, all],
    ['admin', 'pen book1 bookstore1', '1.2.3.4', {}, all],
    ['', 'book book1 bookstore1', '1.2.3.4', b, []],
    ['alice', 'book book1 bookstore1', '', b, []],
  ]
  for (const [name, asked, clientIp, labels, granted] of rows) {
    const [type = '', repository = '', service = ''] = asked.split(' ')
    const access = { type, name: repository, actions: all }
    const subject = { name, via: 'static', labels } as const
    const verdict = await casbin.authorize(question({ subject, access, service, clientIp }))
    t.strictSame(verdict, { granted }, [name, asked, clientIp, JSON.stringify(labels)].join(' '))
  }
})

t.test('asks for our words as docker_auth’s until the policy has them', async t => {
  const matcher = 'r.account == p.account && r.action == p.action'
  const rights = (...actions: string[]) => actions.map(action => `p, alice, , , , , ${action}, `).join('\n')
  const asked = { actions: ['pull', 'push', 'overwrite', 'mount', 'list'] }
  const old = await open(t, { matcher, policy: rights('pull', 'push') })
  t.strictSame(await old.authorize(question(asked)), { granted: asked.actions })
  const without = await open(t, { matcher, policy: rights('pull') })
  t.strictSame(await without.authorize(question(asked)), { granted: ['pull', 'list'] })
  const own = await open(t, { matcher, policy: `${rights('pull', 'push')}\np, bob, , , , , overwrite, ` })
  t.strictSame(await own.authorize(question(asked)), { granted: ['pull', 'push', 'mount', 'list'] })
})

t.test('lets a rule deny', async t => {
  const policy = 'p, alice, team/*, pull, allow\np, alice, team/secret, pull, deny'
  const casbin = await open(t, {
    rule: 'account, name, action, eft',
    effect: 'some(where (p.eft == allow)) && !some(where (p.eft == deny))',
    matcher: 'r.account == p.account && globMatch(r.name, p.name) && r.action == p.action',
    policy,
  })
  const ask = (name: string) =>
    casbin.authorize(question({ access: { type: 'repository', name, actions: ['pull'] } }))
  t.strictSame(await ask('team/app'), { granted: ['pull'] })
  t.strictSame(await ask('team/secret'), { granted: [] })
  t.strictSame(await ask('team/a/b'), { granted: [] }, 'a star stops at a slash, as in Go')
})

t.test('has the functions of Go’s Casbin', t => {
  const rows: readonly [call: string, args: readonly string[], result: boolean | string | RegExp][] = [
    ['regexMatch', ['team/app', '^team/'], true],
    ['regexMatch', ['team/app', '^app'], false],
    ['regexMatch', ['a', '(?=a)'], /^invalid pattern "\(\?=a\)"/],
    ['regexMatch', [`${'a'.repeat(40)}!`, '^(a+)+$'], false],
    ['globMatch', ['a/b', 'a/*'], true],
    ['globMatch', ['a/b/c', 'a/*'], false],
    ['ipMatch', ['192.168.2.123', '192.168.2.0/24'], true],
    ['ipMatch', ['::ffff:10.0.0.1', '10.0.0.0/8'], true],
    ['ipMatch', ['10.0.0.1', '10.0.0.1'], true],
    ['ipMatch', ['10.0.0.1', '::/0'], false],
    ['ipMatch', ['', '0.0.0.0/0'], false],
    ['ipMatch', ['10.0.0.1', 'office'], /^ipMatch: neither an address nor a network: office$/],
    ['keyMatch2', ['/foo/bar', '/foo/*'], true],
    ['keyMatch2', ['/alice/x', '/:user/x'], true],
    ['keyMatch2', ['/a/b/x', '/:user/x'], false],
    ['keyMatch2', ['/', '/:'], false],
    ['keyMatch3', ['/alice/x', '/{user}/x'], true],
    ['keyMatch3', ['/alice/y', '/{user}/x'], false],
    ['keyMatch4', ['/a/to/a', '/{x}/to/{x}'], true],
    ['keyMatch4', ['/a/to/b', '/{x}/to/{x}'], false],
    ['keyMatch4', ['/a/to/b', '/{x}/to/{y}'], true],
    ['keyMatch5', ['/a/b?c=d', '/a/{b}'], true],
    ['keyGet2', ['/alice/x', '/:user/x', 'user'], 'alice'],
    ['keyGet2', ['/alice/y', '/:user/x', 'user'], ''],
    ['keyGet2', ['/alice/x', '/:user/x', 'other'], ''],
    ['labelMatch', ['{"a":["b"]}', ''], true],
    ['labelMatch', ['null', '{"a":["b"]}'], false],
    ['labelMatch', ['{"a":["b"]}', '{"a":"b"}'], /^labelMatch: no labels/],
    ['labelMatch', ['{"a":["b"]}', 'oops'], /^labelMatch: no labels/],
  ]
  for (const [name, args, result] of rows) {
    const call = () => CASBIN_FUNCTIONS[name]?.(...args)
    const title = `${name}(${args.join(', ')})`
    if (result instanceof RegExp) t.throws(call, { message: result }, title)
    else t.equal(call(), result, title)
  }
  t.end()
})

t.test('uses those functions in a model, and cannot tell when one of them cannot', async t => {
  const matcher = (call: string) => `r.account == p.account && ${call}`
  const policy = 'p, alice, , (?=a)team, , , pull, {'
  for (const call of [
    'regexMatch(r.name, p.name)',
    'labelMatch(r.labels, p.labels)',
    'keyMatch2(r.name, p.name)',
  ]) {
    const casbin = await open(t, { matcher: matcher(call), policy })
    await t.rejects(
      casbin.authorize(question()),
      { name: 'AuthzUnavailable', cause: { message: 'casbin_authz: the model cannot tell' } },
      call,
    )
  }
})

t.test('refuses files that make no whole policy', async t => {
  const rows: readonly [parts: Parts, problem: RegExp][] = [
    [{ request: 'sub, obj, act' }, /the request_definition must be r = account, type/],
    [{ policy: `${POLICY}p, alice, book, book1, s, 1.2.3.4, read\n` }, /has not the 7 fields of p$/],
    [{ policy: `${POLICY}p, eve, b, b, s, 1.2.3.4, read, {}, deny\n` }, /has not the 7 fields of p$/],
    [{ policy: `${POLICY}p2, eve, b\nx\n` }, /2 lines have a kind that the model does not define/],
    [{ policy: 'p, (a, b, c, d, 1.2.3.4, read, x' }, /./],
    [{ matcher: 'r.account ==' }, /./],
    [{ matcher: 'r.account == p.account && !denyMatch(r.name, "x y(")' }, /unknown name denyMatch$/],
    [{ matcher: 'r.acount != p.account' }, /unknown name r_acount$/],
    [{ matcher: 'r.account != p.owner' }, /unknown name p_owner$/],
    [{ effect: 'whatever' }, /./],
  ]
  for (const [parts, problem] of rows) {
    await t.rejects(
      open(t, parts),
      { name: 'ExternalFileError', file: /model\.conf$/, message: problem },
      `${problem}`,
    )
  }
  const gone = { model_path: '/nonexistent/m', policy_path: '/nonexistent/p' }
  await t.rejects(openCasbinAuthz(gone), {
    name: 'ExternalFileError',
    message: '/nonexistent/m: cannot be read',
  })
})

t.test('reads the files anew when it is opened anew', async t => {
  const matcher = 'r.account == p.account'
  const first = await open(t, { matcher, policy: 'p, alice, , , , , , ' })
  const second = await open(t, { matcher, policy: 'p, bob, , , , , , ' })
  t.strictSame(await first.authorize(question()), { granted: ['pull'] })
  t.strictSame(await second.authorize(question()), { granted: [] })
})
