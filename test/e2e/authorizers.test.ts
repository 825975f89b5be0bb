import { once } from 'node:events'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { pushBareRepositories } from '../support/bare-repositories.ts'
import {
  basic,
  SAMPLE,
  startLandwaiter,
  type TestAnswer,
  type TestLandwaiter,
} from '../support/landwaiter.ts'
import { type RealRegistry, startRealRegistry } from '../support/real-registry.ts'
import { createSkopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const REPOSITORIES = ['dev-ops/app', 'dev-x/app', 'free/app', 'other/app']

/** A registry that all share, since they only read from it. */
async function openRegistry(t: Test): Promise<RealRegistry> {
  const registry = await startRealRegistry(t)
  await pushBareRepositories(registry, REPOSITORIES)
  return registry
}

/** An executable file of the test's own. */
function writeProgram(t: Test, script: string): { readonly path: string; readonly dir: string } {
  const dir = tempDir(t)
  const path = join(dir, 'program.sh')
  writeFileSync(path, `#!/bin/sh\n${script.replaceAll('$DIR', dir)}\n`, { mode: 0o755 })
  return { path, dir }
}

function linesOf(file: string): readonly string[] {
  return readFileSync(file, { encoding: 'utf8', flag: 'a+' })
    .split('\n')
    .filter(line => line !== '')
}

/** Changes sections of the running configuration, undefined takes one out, and has them taken over. */
async function reconfigure(
  t: Test,
  lw: TestLandwaiter,
  changes: Readonly<Record<string, unknown>>,
): Promise<void> {
  writeFileSync(lw.file, stringify({ ...parse(readFileSync(lw.file, 'utf8')), ...changes }))
  t.match(await lw.app.reload(), { outcome: 'loaded' })
}

function tags(lw: TestLandwaiter, name: string, authorization: string): Promise<TestAnswer> {
  return lw.request(`/v2/${name}/tags/list`, { headers: { authorization } })
}

async function login(lw: TestLandwaiter, authorization: string, ...scopes: readonly string[]) {
  const query = scopes.map(scope => `scope=${encodeURIComponent(scope)}`).join('&')
  return lw.request(`/auth?${query}`, { headers: { authorization } })
}

interface Entry {
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}

const tokenOf = ({ text }: TestAnswer): string => JSON.parse(text).token
const accessOf = (answer: TestAnswer): readonly Entry[] =>
  JSON.parse(Buffer.from(tokenOf(answer).split('.')[1] ?? '', 'base64url').toString()).access
const messageOf = ({ text }: TestAnswer): string => JSON.parse(text).errors[0].message
const bearer = (answer: TestAnswer) => `Bearer ${tokenOf(answer)}`

/** Resolves when there is such a line about a list, which is written after the answer. */
async function recorded(lw: TestLandwaiter, wanted: { readonly outcome: string; readonly rule: string }) {
  await waitFor(`a line of ${wanted.rule}`, () =>
    lw
      .audit()
      .some(
        ({ action, outcome, rule }) =>
          action === 'list' && outcome === wanted.outcome && rule === wanted.rule,
      ),
  )
}

/** Nobody gets in because nobody could be asked. */
function closed(t: Test, answer: TestAnswer, message: RegExp): void {
  t.equal(answer.status, 503)
  t.equal(answer.headers['retry-after'], '5')
  t.match(messageOf(answer), message)
  t.notMatch(answer.text, /"token"|"tags"/)
}

/** Knows three users by name; what it reads is `NAME PASSWORD`. */
const LOGINS = `
read -r name password
echo "$name" >> $DIR/asked
[ "$password" = right ] || exit 1
case $name in
  olga) echo '{"labels": {"team": ["ops"]}}' ;;
  star) echo '{"labels": {"team": ["*"]}}' ;;
  regex) echo '{"labels": {"team": [".*", "ops|x", "o?s"]}}' ;;
  plain) ;;
  odd) echo 'no JSON' ;;
  *) exit 2 ;;
esac`

t.test('logins that a program checks', async t => {
  const registry = await openRegistry(t)
  const program = writeProgram(t, LOGINS)
  const ext_auth = { command: program.path }
  const acl = [
    { match: { name: 'dev-${labels:team}/*' }, actions: ['pull'] },
    { match: { name: '/^dev-${labels:team}\\/app$/' }, actions: ['pull'] },
    { match: { account: 'admin' }, actions: ['*'] },
  ]
  const lw = await startLandwaiter(t, {
    config: { registry: { upstream: registry.upstream }, users: SAMPLE.users, ext_auth, acl },
  })

  await t.test('open what the labels of the program allow, by token and by password', async t => {
    const answer = await login(
      lw,
      basic('olga', 'right'),
      'repository:dev-ops/app:pull,push',
      'repository:dev-x/app:pull',
    )
    t.equal(answer.status, 200)
    t.strictSame(accessOf(answer), [
      { type: 'repository', name: 'dev-ops/app', actions: ['pull'] },
      { type: 'repository', name: 'dev-x/app', actions: [] },
    ])
    for (const authorization of [bearer(answer), basic('olga', 'right')]) {
      t.match(await tags(lw, 'dev-ops/app', authorization), { status: 200, text: /"v1"/ })
      const denied = await tags(lw, 'dev-x/app', authorization)
      t.equal(denied.status, 403)
      t.match(messageOf(denied), /^olga may not list the tags of dev-x\/app: /)
    }
    t.match(
      lw.audit().find(({ action }) => action === 'token' || action === 'login'),
      {
        actor: { name: 'olga', kind: 'user', via: 'ext' },
      },
    )
  })

  await t.test('have their labels taken as text: no wildcard, no expression', async t => {
    for (const name of ['star', 'regex']) {
      const scopes = ['dev-ops/app', 'dev-x/app', 'dev-*/app'].map(what => `repository:${what}:pull`)
      const answer = await login(lw, basic(name, 'right'), ...scopes)
      t.equal(answer.status, 200)
      const own = name === 'star' ? ['pull'] : []
      t.strictSame(
        accessOf(answer).map(({ actions }) => actions),
        [[], [], own],
        `${name} gets nothing but what is called like that`,
      )
      for (const authorization of [bearer(answer), basic(name, 'right')]) {
        for (const what of ['dev-ops/app', 'dev-x/app']) {
          t.equal((await tags(lw, what, authorization)).status, 403, `${name} on ${what}`)
        }
      }
    }
  })

  await t.test('are refused with a wrong password and to who is unknown', async t => {
    for (const authorization of [basic('olga', 'wrong'), basic('zoe', 'right'), basic('admin', 'right')]) {
      const answer = await login(lw, authorization, 'repository:dev-ops/app:pull')
      t.equal(answer.status, 401)
      t.equal(messageOf(answer), 'wrong user name or password')
      t.equal((await tags(lw, 'dev-ops/app', authorization)).status, 401)
    }
    t.notOk(linesOf(join(program.dir, 'asked')).includes('admin'), 'users of the file are theirs alone')
  })

  await t.test('fail closed when the program cannot tell', async t => {
    closed(t, await login(lw, basic('odd', 'right')), /^Logins cannot be checked just now/)
    closed(t, await tags(lw, 'dev-ops/app', basic('odd', 'right')), /^Logins cannot be checked just now/)
  })

  await t.test('end with the program: tokens are refused from the reload on', async t => {
    const answer = await login(lw, basic('olga', 'right'), 'repository:dev-ops/app:pull')
    t.equal((await tags(lw, 'dev-ops/app', bearer(answer))).status, 200)
    await reconfigure(t, lw, { acl: acl.slice(2) })
    t.equal((await tags(lw, 'dev-ops/app', bearer(answer))).status, 403, 'a rule taken away counts at once')
    await reconfigure(t, lw, { acl, users: { ...SAMPLE.users, olga: SAMPLE.users.admin } })
    const other = await tags(lw, 'dev-ops/app', bearer(answer))
    t.equal(other.status, 401, 'a name that the file now gives to another')
    await reconfigure(t, lw, { users: SAMPLE.users, ext_auth: undefined })
    const gone = await tags(lw, 'dev-ops/app', bearer(answer))
    t.equal(gone.status, 401)
    t.match(messageOf(gone), 'the account of this token no longer exists')
    t.match(gone.headers['www-authenticate'], /error="invalid_token"/)
    t.equal((await login(lw, basic('olga', 'right'))).status, 401)
    await reconfigure(t, lw, { ext_auth })
    t.equal((await tags(lw, 'dev-ops/app', bearer(answer))).status, 200, 'and count again with it')
  })
})

const ACL = [
  { match: { account: 'developer', name: 'free/*' }, actions: ['pull'] },
  { name: 'nobody', match: { name: 'secret/*' }, actions: [] },
]

/** Keeps what it is asked and decides by the name of the repository. */
const RIGHTS = `
question=$(cat)
echo "$question" >> $DIR/asked
case $question in
  *'"Name":"dev-ops/app"'*) exit 0 ;;
  *'"Name":"broken/app"'*) echo 'the data base is away' >&2; exit 7 ;;
  *'"Name":"slow/app"'*) sleep 60 ;;
  *) exit 1 ;;
esac`

t.test('rights that a program decides', async t => {
  const registry = await openRegistry(t)
  const program = writeProgram(t, RIGHTS)
  const ext_authz = { command: program.path, timeout: '1s' }
  const lw = await startLandwaiter(t, {
    config: { registry: { upstream: registry.upstream }, acl: ACL, ext_authz },
  })
  const asked = () => linesOf(join(program.dir, 'asked')).map(line => JSON.parse(line))
  const developer = basic('developer')

  await t.test('are asked for only where no rule matches', async t => {
    t.equal((await tags(lw, 'free/app', developer)).status, 200, 'a rule allows')
    const secret = await tags(lw, 'secret/app', developer)
    t.equal(secret.status, 403, 'a rule denies')
    t.match(messageOf(secret), /rule "nobody"/)
    const push = await login(lw, developer, 'repository:free/app:push')
    t.strictSame(accessOf(push)[0]?.actions, [], 'a rule matches, without the action')
    t.strictSame(asked(), [], 'the program was not asked')

    t.equal((await tags(lw, 'dev-ops/app', developer)).status, 200)
    t.strictSame(asked(), [
      {
        Account: 'developer',
        Type: 'repository',
        Name: 'dev-ops/app',
        Service: asked()[0]?.Service,
        IP: '127.0.0.1',
        Actions: ['pull'],
        Labels: { role: ['developer'], team: ['backend'] },
      },
    ])
    await recorded(lw, { outcome: 'success', rule: 'ext_authz' })
  })

  await t.test('are granted and denied whole, in the token and at the request', async t => {
    const answer = await login(
      lw,
      developer,
      'repository:dev-ops/app:pull,push',
      'repository:other/app:pull,push',
      'repository:free/app:pull,push',
    )
    t.strictSame(
      accessOf(answer).map(({ actions }) => actions),
      [['pull', 'push'], [], ['pull']],
    )
    t.match(await tags(lw, 'dev-ops/app', bearer(answer)), { status: 200, text: /"v1"/ })
    const denied = await tags(lw, 'other/app', bearer(answer))
    t.equal(denied.status, 403)
    t.equal(messageOf(denied), 'ext_authz denies developer list on other/app')
  })

  await t.test('are nobody’s when the program fails or is late', async t => {
    for (const name of ['broken/app', 'slow/app']) {
      closed(t, await tags(lw, name, developer), /cannot be/)
      closed(t, await login(lw, developer, `repository:${name}:pull`), /cannot be/)
    }
    t.match(
      lw.log.filter(({ level }) => level === 'error').map(({ fields }) => String(causes(fields['error']))),
      [/the data base is away/, /the data base is away/, /1000 ms/, /1000 ms/],
      'the log says why',
    )
    t.equal((await tags(lw, 'free/app', developer)).status, 200, 'what a rule decides goes on')
  })

  await t.test('end with the section', async t => {
    const answer = await login(lw, developer, 'repository:dev-ops/app:pull')
    await reconfigure(t, lw, { ext_authz: undefined })
    const denied = await tags(lw, 'dev-ops/app', bearer(answer))
    t.equal(denied.status, 403)
    t.match(messageOf(denied), /no rule matches \(default-deny\)/)
  })
})

/** The messages of an error and its causes. */
function causes(error: unknown): string {
  return error instanceof Error ? `${error.message}; ${causes(error.cause)}` : ''
}

interface HttpQuestion {
  readonly account: string
  readonly name: string
  readonly operations: readonly string[]
  readonly tag?: string
}

/** A policy service on loopback; `stop` leaves its port to nobody. */
async function startService(t: Test, decide: (question: HttpQuestion) => object) {
  const questions: HttpQuestion[] = []
  const answer: RequestListener = async (req, res) => {
    const { input } = JSON.parse(await text(req))
    questions.push(input)
    res.end(JSON.stringify({ result: decide(input) }))
  }
  const server = createServer((req, res) => void answer(req, res)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = async () => {
    if (!server.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  t.teardown(stop)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/data/registry`,
    questions,
    stop,
  }
}

t.test('rights that a service decides over HTTP', async t => {
  const registry = await openRegistry(t)
  const service = await startService(t, ({ name, tag }) => {
    if (name === 'dev-x/app') return { allow: true, actions: ['pull'] }
    if (name === 'dev-ops/app') return { allow: tag !== 'v1', reason: 'v1 is frozen until Monday' }
    return { allow: false, reason: `ask the owner of ${name}` }
  })
  const lw = await startLandwaiter(t, {
    config: {
      registry: { upstream: registry.upstream },
      acl: ACL,
      http_authz: { url: service.url, timeout: '2s' },
    },
  })
  const developer = basic('developer')

  await t.test('allow', async t => {
    t.equal((await tags(lw, 'free/app', developer)).status, 200, 'a rule allows')
    t.strictSame(service.questions, [], 'and nobody was asked')
    const answer = await login(lw, developer, 'repository:dev-x/app:pull,push')
    t.strictSame(accessOf(answer), [{ type: 'repository', name: 'dev-x/app', actions: ['pull'] }])
    t.match(await tags(lw, 'dev-x/app', bearer(answer)), { status: 200, text: /"v1"/ })
    t.match(service.questions.at(-1), { account: 'developer', name: 'dev-x/app' })
  })

  await t.test('deny with the reason of the service, which clients show', async t => {
    const answer = await login(lw, developer, 'repository:other/app:pull')
    t.strictSame(accessOf(answer)[0]?.actions, [])
    const sentence = 'http_authz denies developer list on other/app: ask the owner of other/app'
    const denied = await tags(lw, 'other/app', bearer(answer))
    t.equal(denied.status, 403)
    t.equal(messageOf(denied), sentence)
    t.match(lw.audit().at(-1), { outcome: 'denied', rule: 'http_authz', reason: sentence })

    const certDir = tempDir(t)
    copyFileSync(lw.caFile, join(certDir, 'ca.crt'))
    const skopeo = createSkopeo(t, { kind: 'ca', certDir })
    await skopeo.login(lw.host, { user: 'developer', password: 'developer-password' })
    const shown = await skopeo.inspect(`${lw.host}/other/app:v1`)
    t.not(shown.code, 0)
    t.match(shown.stderr, sentence.replace('list', 'pull'))
    const frozen = await skopeo.inspect(`${lw.host}/dev-ops/app:v1`)
    t.match(frozen.stderr, /http_authz denies developer pull on dev-ops\/app: v1 is frozen until Monday/)
    const toldTag = new Set(service.questions.filter(({ tag }) => tag === 'v1').map(({ name }) => name))
    t.ok(toldTag.has('other/app') && toldTag.has('dev-ops/app'), 'the service is told the tag')
  })

  await t.test('are nobody’s while the service is down', async t => {
    const answer = await login(lw, developer, 'repository:dev-x/app:pull')
    t.equal((await tags(lw, 'dev-x/app', bearer(answer))).status, 200)
    await service.stop()
    closed(t, await tags(lw, 'dev-x/app', bearer(answer)), /cannot be/)
    closed(t, await tags(lw, 'dev-x/app', developer), /cannot be/)
    closed(t, await login(lw, developer, 'repository:dev-x/app:pull'), /cannot be/)
    t.equal((await tags(lw, 'free/app', developer)).status, 200, 'what a rule decides goes on')
    t.notMatch((await tags(lw, 'dev-x/app', developer)).text, /127\.0\.0\.1|ECONN/, 'no address is told')
  })
})

const MODEL = `[request_definition]
r = account, type, name, service, ip, action, labels
[policy_definition]
p = account, type, name, action
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.account, p.account) && r.type == p.type && globMatch(r.name, p.name) && r.action == p.action
`
const POLICY = `p, readers, repository, dev-*/app, pull
p, writers, repository, dev-ops/app, push
g, developer, readers
g, admin, readers
g, admin, writers
`

t.test('rights that a Casbin model decides', async t => {
  const registry = await openRegistry(t)
  const dir = tempDir(t)
  const casbin_authz = { model_path: join(dir, 'model.conf'), policy_path: join(dir, 'policy.csv') }
  writeFileSync(casbin_authz.model_path, MODEL)
  writeFileSync(casbin_authz.policy_path, POLICY)
  const lw = await startLandwaiter(t, {
    config: { registry: { upstream: registry.upstream }, acl: ACL, casbin_authz },
  })
  const scopes = ['dev-ops/app', 'dev-x/app', 'other/app', 'free/app', 'secret/app'].map(
    name => `repository:${name}:pull,push`,
  )
  const granted = async (user: string) =>
    accessOf(await login(lw, basic(user), ...scopes)).map(({ actions }) => actions.join())

  t.strictSame(await granted('developer'), ['pull', 'pull', '', 'pull', ''])
  t.strictSame(await granted('admin'), ['pull,push', 'pull', '', '', ''])
  const token = bearer(await login(lw, basic('developer'), ...scopes))
  t.match(await tags(lw, 'dev-x/app', token), { status: 200, text: /"v1"/ })
  await recorded(lw, { outcome: 'success', rule: 'casbin_authz' })
  const denied = await tags(lw, 'other/app', token)
  t.equal(denied.status, 403)
  t.equal(messageOf(denied), 'casbin_authz denies developer list on other/app')

  await t.test('are read anew at a reload, or stay as they were', async t => {
    writeFileSync(casbin_authz.policy_path, POLICY.replace('g, developer, readers\n', ''))
    t.equal((await tags(lw, 'dev-x/app', token)).status, 200, 'not before')
    await reconfigure(t, lw, {})
    t.equal((await tags(lw, 'dev-x/app', token)).status, 403, 'for tokens already issued too')
    t.strictSame(await granted('developer'), ['', '', '', 'pull', ''])
    writeFileSync(casbin_authz.model_path, 'nonsense')
    t.match(await lw.app.reload(), { outcome: 'rejected', faults: [/model\.conf/] })
    t.strictSame(await granted('admin'), ['pull,push', 'pull', '', '', ''])
  })
})
