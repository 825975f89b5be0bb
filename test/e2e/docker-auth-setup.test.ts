import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type DockerAuthSetup, NAMES, startDockerAuthSetup } from '../support/docker-auth-setup.ts'
import { dockerUnavailable } from '../support/docker-engine.ts'
import { writeOciImage } from '../support/oci-image.ts'
import type { CommandResult } from '../support/run-command.ts'
import { createSkopeo, type Skopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'

const FIXTURE = join(import.meta.dirname, '../fixtures/config/docker-auth-acme.yml')
const REGISTRY = NAMES.registry
const DEVELOPER = { user: 'developer', password: 'developer-password' }

/** What developer reads when a push to `name` is refused. */
const notDeveloper = (name: string) =>
  new RegExp(
    `denied: developer may not [a-z, ]+ ${name}(:1)?: no rule matches \\(default-deny\\); nearest acl\\[3\\] allows push, pull on dev-backend/\\*`,
  )

t.test('a docker_auth set-up', { skip: dockerUnavailable() }, async t => {
  await t.test('runs with its configuration as it is', async t => {
    const setup = await startDockerAuthSetup(t, { config: FIXTURE, first: 'landwaiter' })
    await t.test('gives each user what the rules say', t => checkUsers(t, setup))
    await t.test('has the service from the registry', t => checkChallenge(t, setup))
    await t.test('serves docker, which trusts the CA by certs.d', t => checkDocker(t, setup))
    await t.test("signs tokens that the registry's own port accepts", t => checkDropIn(t, setup))
    await t.test('writes the default audit file and stops on TERM', t => checkEnd(t, setup))
  })
  await t.test("runs when the client's tokens are passed through", async t => {
    const config = join(tempDir(t), 'auth_config.yml')
    writeFileSync(config, `${readFileSync(FIXTURE, 'utf8')}\nregistry: {auth: passthrough}\n`)
    const setup = await startDockerAuthSetup(t, { config, first: 'registry' })
    await t.test('gives each user what the rules say', t => checkUsers(t, setup))
    await t.test('has the service from the registry', t => checkChallenge(t, setup))
    await t.test('serves docker, which trusts the CA by certs.d', t => checkDocker(t, setup))
  })
})

async function checkUsers(t: Test, { engine, certDir }: DockerAuthSetup): Promise<void> {
  const image = writeOciImage(tempDir(t))
  const push = (skopeo: Skopeo, name: string) => skopeo.push(image.ref, `${REGISTRY}/${name}:1`)
  const pull = (skopeo: Skopeo, name: string) => skopeo.inspect(`${REGISTRY}/${name}:1`)
  const visitor = () => createSkopeo(t, { kind: 'ca', certDir }, engine.enter)
  const as = async (user: string) => {
    const skopeo = visitor()
    succeeds(t, `${user} logs in`, await skopeo.login(REGISTRY, { user, password: `${user}-password` }))
    return skopeo
  }
  const developer = await as('developer')
  succeeds(t, 'developer pushes for the own team', await push(developer, 'dev-backend/x'))
  succeeds(t, 'developer pulls it', await pull(developer, 'dev-backend/x'))
  for (const name of ['dev-frontend/x', 'library/x']) {
    fails(t, `developer pushes to ${name}`, await push(developer, name), notDeveloper(name))
  }
  succeeds(t, 'username1 pushes anywhere', await push(await as('username1'), 'library/x'))
  const admin = await as('admin')
  succeeds(t, 'admin pushes anywhere', await push(admin, 'dev-frontend/x'))
  fails(t, 'developer pulls elsewhere', await pull(developer, 'library/x'), notDeveloper('library/x'))

  const nobody = visitor()
  for (const name of ['library/x', 'dev-backend/x', 'dev-frontend/x']) {
    succeeds(t, `anybody pulls ${name}`, await pull(nobody, name))
  }
  const readOnly = /denied: anonymous may not push to dev-backend\/x(:1)?: acl\[4\] allows only pull/
  fails(t, 'nobody pushes', await push(nobody, 'dev-backend/x'), readOnly)
  const noDelete = /developer may not delete from dev-backend\/x(:1)?: acl\[3\] allows only push, pull/
  fails(t, 'developer deletes', await developer.delete(`${REGISTRY}/dev-backend/x:1`), noDelete)
  succeeds(t, 'admin deletes', await admin.delete(`${REGISTRY}/dev-backend/x:1`))
  fails(t, 'what was deleted', await pull(nobody, 'dev-backend/x'), /manifest unknown/)
  const wrong = await nobody.login(REGISTRY, { user: 'admin', password: 'username1-password' })
  fails(t, 'wrong password', wrong, /invalid username\/password/)
}

async function checkChallenge(t: Test, { get }: DockerAuthSetup): Promise<void> {
  const challenge = `Bearer realm="https://${NAMES.auth}/auth",service="Docker registry"`
  t.match(await get(`https://${REGISTRY}/v2/`), { status: 401, challenge })
  t.match(await get('http://registry:5000/v2/'), { status: 401, challenge }, 'as the registry itself says')
  t.match(await get(`http://${REGISTRY}/v2/`), { status: 308, location: `https://${REGISTRY}/v2/` })
  t.match(await get('http://127.0.0.1:9090/readyz'), { status: 200 }, 'it is ready')
}

async function checkDocker(t: Test, { engine, certDir }: DockerAuthSetup): Promise<void> {
  const untrusted = await engine.login(REGISTRY, DEVELOPER)
  fails(t, 'login without the CA', untrusted, /certificate signed by unknown authority/)
  engine.trust(REGISTRY, join(certDir, 'ca.crt'))
  const wrong = await engine.login(REGISTRY, { ...DEVELOPER, password: 'x' })
  fails(t, 'wrong password', wrong, /unauthorized: wrong user name or password/)
  succeeds(t, 'anonymous pull', await engine.pull(`${REGISTRY}/library/x:1`))
  succeeds(t, 'login', await engine.login(REGISTRY, DEVELOPER))
  const mine = `${REGISTRY}/dev-backend/docker:1`
  await engine.load(writeOciImage(tempDir(t)).ref, mine)
  succeeds(t, 'push', await engine.push(mine))
  await engine.docker(['rmi', '--force', mine])
  succeeds(t, 'pull', await engine.pull(mine))
  for (const name of ['dev-frontend/y', 'library/y']) {
    await engine.docker(['tag', mine, `${REGISTRY}/${name}:1`])
    fails(t, `push to ${name}`, await engine.push(`${REGISTRY}/${name}:1`), notDeveloper(name))
  }
  succeeds(t, 'logout', await engine.logout(REGISTRY))
}

/** The registry's port as users of docker_auth may still have it: its challenge names our realm. */
async function checkDropIn(t: Test, { engine, registry }: DockerAuthSetup): Promise<void> {
  const direct = createSkopeo(t, { kind: 'plain-http' }, engine.enter)
  const image = writeOciImage(tempDir(t))
  const ref = 'registry:5000/dev-backend/direct:1'
  succeeds(t, 'login', await direct.login('registry:5000', DEVELOPER))
  succeeds(t, 'push', await direct.push(image.ref, ref))
  const elsewhere = await direct.push(image.ref, 'registry:5000/library/direct:1')
  fails(t, 'push elsewhere', elsewhere, /requested access to the resource is denied/)
  succeeds(t, 'logout', await direct.logout('registry:5000'))
  succeeds(t, 'anonymous pull', await direct.inspect(ref))
  t.match(
    registry.output(),
    /auth\.user\.name=developer .*dev-backend\/direct/,
    'the registry knows who it was',
  )
}

async function checkEnd(t: Test, { landwaiter, read, engine }: DockerAuthSetup): Promise<void> {
  const lines = read('/var/log/landwaiter/audit.jsonl').trimEnd().split('\n')
  const events = lines.map(line => JSON.parse(line))
  const sequence = events.map(({ seq }) => seq)
  t.strictSame(
    sequence,
    [...lines.keys()].map(i => i + 1),
    'no line is missing',
  )
  const deletes = events.flatMap(({ action, outcome, actor, rule, status }) =>
    action === 'delete' ? [[outcome, actor.name, rule, status].join(' ')] : [],
  )
  t.strictSame(deletes, ['denied developer acl[3] 403', 'success admin acl[2] 202'])
  t.equal(await landwaiter.stop(), 0, 'TERM ends it with success')
  t.equal((await engine.enter('test', ['-e', '/certs'])).code, 1, 'nothing was left on the machine')
}

function succeeds(t: Test, what: string, { code, stdout, stderr }: CommandResult): void {
  t.equal(code, 0, what, code === 0 ? {} : { output: `${stdout}${stderr}`.slice(-4000) })
}

function fails(t: Test, what: string, result: CommandResult, says: RegExp): void {
  t.not(result.code, 0, `${what} fails`)
  t.match(result.stdout + result.stderr, says, `${what} says why`)
}
