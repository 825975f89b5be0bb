import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Login } from '../support/client-trust.ts'
import { createCtr } from '../support/ctr.ts'
import { type DockerEngine, dockerUnavailable, startDockerEngine } from '../support/docker-engine.ts'
import { startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { type OciImage, type OciIndex, writeOciImage, writeOciIndex } from '../support/oci-image.ts'
import { createPodman } from '../support/podman.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import type { CommandResult } from '../support/run-command.ts'
import { createSkopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'

const REGISTRY = 'registry.test'
const AUTH = 'auth.test'
const ADMIN: Login = { user: 'admin', password: 'admin-password' }
const DEVELOPER: Login = { user: 'developer', password: 'developer-password' }
const WRONG: Login = { user: 'developer', password: 'quay' }

/** What a user reads: who, may not, where, and the rule. */
const NOT_FRONTEND =
  /denied: developer may not [a-z, ]+ dev-frontend\/x(:1)?: no rule matches \(default-deny\); nearest acl\[1\] allows pull, push, delete on dev-backend\/\*/
const NOT_ANONYMOUSLY = /denied: anonymous may not push to public\/x(:1)?: acl\[2\] allows only pull/
const NOT_SECRET = /denied: developer may not pull from secret\/x(:1)?: .*acl\[1\]/

/** One registry behind two landwaiters: `localhost`, and two names of its own. */
interface Site {
  readonly local: TestLandwaiter
  readonly named: TestLandwaiter
  readonly namedHost: string
  readonly image: OciImage
  readonly multi: OciIndex
  /** A directory with `ca.crt`, for `local`. */
  readonly certDir: string
}

t.test('real clients', async t => {
  const site = await openSite(t)
  await t.test('skopeo pushes, pulls, lists, mounts and deletes', t => checkSkopeo(t, site))
  await t.test('skopeo carries every platform of an index', t => checkIndex(t, site))
  const skip = dockerUnavailable()
  await t.test('podman logs in, pushes and pulls', { skip }, t => checkPodman(t, site))
  await t.test('clients of a Docker engine', { skip }, async t => {
    const engine = await startDockerEngine(t, { hosts: [REGISTRY, AUTH] })
    await t.test('docker trusts localhost without a certificate', t => checkDocker(t, site, engine))
    await t.test('docker logs in at a realm of another name', t => checkNamedDocker(t, site, engine))
    await t.test('ctr pulls and pushes', t => checkCtr(t, site, engine))
  })
})

async function openSite(t: Test): Promise<Site> {
  const { upstream } = await startRealRegistry(t)
  const registry = { upstream, auth: 'none' }
  const local = await startLandwaiter(t, { config: { registry } })
  const domains = { registry: REGISTRY, auth: AUTH }
  const named = await startLandwaiter(t, { config: { registry, domains } })
  const dir = tempDir(t)
  const site = {
    local,
    named,
    namedHost: `${REGISTRY}:${named.app.ports.https}`,
    image: writeOciImage(dir, { tag: 'one' }),
    multi: writeOciIndex(dir, { tag: 'multi' }),
    certDir: tempDir(t),
  }
  copyFileSync(local.caFile, join(site.certDir, 'ca.crt'))
  const skopeo = createSkopeo(t, { kind: 'ca', certDir: site.certDir })
  succeeds(t, 'admin logs in', await skopeo.login(local.host, ADMIN))
  succeeds(t, 'admin publishes', await skopeo.push(site.image.ref, `${local.host}/public/app:1`))
  return site
}

async function checkSkopeo(t: Test, { local: { host, audit }, image, certDir }: Site): Promise<void> {
  const skopeo = createSkopeo(t, { kind: 'ca', certDir })
  const dir = tempDir(t)
  succeeds(t, 'pulls anonymously', await skopeo.pull(`${host}/public/app:1`, `oci:${dir}/public:1`))
  fails(t, 'anonymous push', await skopeo.push(image.ref, `${host}/public/x:1`), NOT_ANONYMOUSLY)
  fails(t, 'wrong password', await skopeo.login(host, WRONG), /invalid username\/password/)
  succeeds(t, 'logs in', await skopeo.login(host, DEVELOPER))

  const app = `${host}/dev-backend/app`
  succeeds(t, 'pushes', await skopeo.push(image.ref, `${app}:1`))
  succeeds(t, 'pushes a second tag', await skopeo.push(image.ref, `${app}:2`))
  succeeds(t, 'pulls', await skopeo.pull(`${app}:1`, `oci:${dir}/app:1`))
  t.strictSame(digestsIn(`${dir}/app`), [image.manifest.digest], 'what comes back is what went in')
  t.equal(digestOf((await skopeo.inspect(`${app}:1`)).stdout), image.manifest.digest, 'inspects')
  const { Tags: tags } = JSON.parse((await skopeo.listTags(app)).stdout)
  t.strictSame([...tags].sort(), ['1', '2'], 'lists tags')

  succeeds(t, 'copies', await skopeo.copy(`${app}:1`, `${host}/dev-backend/copy:1`))
  const mounts = audit().filter(({ action, outcome }) => action === 'mount' && outcome === 'success')
  t.strictSame(
    new Set(mounts.map(({ repository, from, digest }) => [repository, from, digest].join())),
    new Set(image.layers.map(({ digest }) => `dev-backend/copy,dev-backend/app,${digest}`)),
    'the layers of the copy are mounted, not uploaded again',
  )
  succeeds(t, 'deletes', await skopeo.delete(`${host}/dev-backend/copy:1`))
  fails(t, 'gone', await skopeo.inspect(`${host}/dev-backend/copy:1`), /manifest unknown/)
  t.equal(digestOf((await skopeo.inspect(`${app}:1`)).stdout), image.manifest.digest, 'the source stays')

  fails(t, 'push elsewhere', await skopeo.push(image.ref, `${host}/dev-frontend/x:1`), NOT_FRONTEND)
  fails(t, 'pull elsewhere', await skopeo.pull(`${host}/secret/x:1`, `oci:${dir}/no:1`), NOT_SECRET)
  fails(
    t,
    'delete elsewhere',
    await skopeo.delete(`${host}/public/app:1`),
    /DENIED.*developer may not .*public\/app(:1)?: no rule matches \(default-deny\); nearest acl\[1\]/,
  )
  succeeds(t, 'logs out', await skopeo.logout(host))
  fails(t, 'pull after logout', await skopeo.inspect(`${app}:1`), /denied: anonymous may not pull from/)
}

async function checkIndex(t: Test, { local: { host }, multi, certDir }: Site): Promise<void> {
  const skopeo = createSkopeo(t, { kind: 'ca', certDir })
  await skopeo.login(host, DEVELOPER)
  const ref = `${host}/dev-backend/multi:1`
  const dir = tempDir(t)
  succeeds(t, 'pushes', await skopeo.push(multi.ref, ref, { all: true }))
  t.equal(digestOf((await skopeo.inspect(ref)).stdout), multi.index.digest, 'the index is unchanged')
  succeeds(t, 'pulls', await skopeo.pull(ref, `oci:${dir}/all:1`, { all: true }))
  for (const { manifest, config, layers } of multi.images) {
    for (const { digest, size } of [manifest, config, ...layers]) {
      const blob = readFileSync(join(dir, 'all/blobs', digest.replace(':', '/')))
      t.strictSame({ digest: digestOf(blob), size: blob.length }, { digest, size })
    }
  }
  succeeds(
    t,
    'copies with every platform',
    await skopeo.copy(ref, `${host}/dev-backend/multi-copy:1`, { all: true }),
  )
  const copy = await skopeo.inspect(`${host}/dev-backend/multi-copy:1`)
  t.equal(digestOf(copy.stdout), multi.index.digest, 'to the same index')
}

async function checkPodman(t: Test, { local: { host }, image, certDir }: Site): Promise<void> {
  const podman = createPodman(t, { kind: 'ca', certDir })
  succeeds(t, 'pulls anonymously', await podman.pull(`${host}/public/app:1`))
  const local = `${host}/public/app:1`
  fails(t, 'anonymous push', await podman.push(local, `${host}/public/x:1`), NOT_ANONYMOUSLY)
  fails(t, 'wrong password', await podman.login(host, WRONG), /invalid username\/password/)
  succeeds(t, 'logs in', await podman.login(host, DEVELOPER))
  succeeds(t, 'loads', await podman.load(image.ref, 'localhost/one:1'))
  const ref = `${host}/dev-backend/podman:1`
  succeeds(t, 'pushes', await podman.push('localhost/one:1', ref))
  await podman.remove('localhost/one:1')
  succeeds(t, 'pulls', await podman.pull(ref))
  const [pulled] = JSON.parse((await podman.inspect(ref)).stdout)
  t.equal(`sha256:${pulled.Id}`, image.config.digest, 'what comes back is what went in')
  fails(t, 'push elsewhere', await podman.push(ref, `${host}/dev-frontend/x:1`), NOT_FRONTEND)
  fails(t, 'pull elsewhere', await podman.pull(`${host}/secret/x:1`), NOT_SECRET)
  succeeds(t, 'logs out', await podman.logout(host))
  fails(t, 'pull after logout', await podman.pull(ref), /denied: anonymous may not pull from/)
}

async function checkDocker(t: Test, { local: { host }, image }: Site, engine: DockerEngine): Promise<void> {
  await checkDockerUser(t, { host, image, engine })
  const denied = await engine.pull(`${host}/secret/x:1`)
  fails(t, 'anonymous pull elsewhere', denied, /pull access denied .*denied: anonymous may not pull/)
  succeeds(t, 'logs in again', await engine.login(host, DEVELOPER))
  fails(t, 'pull elsewhere', await engine.pull(`${host}/secret/x:1`), NOT_SECRET)
  const digest = image.manifest.digest
  succeeds(t, 'pulls by digest', await engine.pull(`${host}/dev-backend/app@${digest}`))
}

async function checkNamedDocker(
  t: Test,
  { named, namedHost, image }: Site,
  engine: DockerEngine,
): Promise<void> {
  // No CA either: docker checks no certificate of a name that resolves to 127.0.0.0/8.
  await checkDockerUser(t, { host: namedHost, image, engine })
  const hosts = new Set(named.audit().flatMap(({ host, path }) => (path === '/auth' ? host : [])))
  t.strictSame([...hosts], [namedHost.replace(REGISTRY, AUTH)], 'logins went to the name of the realm')
}

interface DockerUser {
  readonly host: string
  readonly image: OciImage
  readonly engine: DockerEngine
}

async function checkDockerUser(t: Test, { host, image, engine }: DockerUser): Promise<void> {
  const anonymous = `${host}/public/app:1`
  const mine = `${host}/dev-backend/docker:1`
  succeeds(t, 'pulls anonymously', await engine.pull(anonymous))
  await engine.docker(['tag', anonymous, `${host}/public/x:1`])
  fails(t, 'anonymous push', await engine.push(`${host}/public/x:1`), NOT_ANONYMOUSLY)
  fails(t, 'wrong password', await engine.login(host, WRONG), /unauthorized: wrong user name or password/)
  const login = await engine.login(host, DEVELOPER)
  succeeds(t, 'logs in', login)
  t.match(login.stdout, 'Login Succeeded')
  await engine.load(image.ref, mine)
  succeeds(t, 'pushes', await engine.push(mine))
  await engine.docker(['tag', mine, `${host}/dev-frontend/x:1`])
  fails(t, 'push elsewhere', await engine.push(`${host}/dev-frontend/x:1`), NOT_FRONTEND)
  await engine.docker(['rmi', '--force', mine, anonymous, `${host}/public/x:1`, `${host}/dev-frontend/x:1`])
  const pulled = await engine.pull(mine)
  succeeds(t, 'pulls', pulled)
  t.match(pulled.stdout, 'Downloaded newer image')
  const id = await engine.docker(['image', 'inspect', '--format={{.Id}}', mine])
  t.equal(id.stdout.trim(), image.config.digest, 'what comes back is what went in')
  succeeds(t, 'logs out', await engine.logout(host))
  fails(t, 'pull after logout', await engine.pull(mine), /denied: anonymous may not pull from/)
}

/** ctr prints the status of a refusal and not its text. */
async function checkCtr(t: Test, { named, namedHost }: Site, engine: DockerEngine): Promise<void> {
  const ctr = createCtr(engine)
  const { caFile } = named
  const open = `${namedHost}/public/app:1`
  const mine = `${namedHost}/dev-backend/ctr:1`
  const login = { caFile, login: DEVELOPER }
  succeeds(t, 'pulls anonymously', await ctr.pull(open, { caFile }))
  fails(
    t,
    'anonymous push',
    await ctr.push(`${namedHost}/public/x:1`, open, { caFile }),
    /insufficient_scope/,
  )
  fails(t, 'wrong password', await ctr.pull(open, { caFile, login: WRONG }), /401 Unauthorized/)
  succeeds(t, 'pushes', await ctr.push(mine, open, login))
  succeeds(t, 'pulls', await ctr.pull(mine, login))
  fails(t, 'push elsewhere', await ctr.push(`${namedHost}/dev-frontend/x:1`, open, login), /403 Forbidden/)
  fails(t, 'pull elsewhere', await ctr.pull(`${namedHost}/secret/x:1`, login), /403 Forbidden/)
  fails(t, 'anonymous pull elsewhere', await ctr.pull(mine, { caFile }), /authorization failed/)
}

function succeeds(t: Test, what: string, { code, stdout, stderr }: CommandResult): void {
  t.equal(code, 0, what, code === 0 ? {} : { output: `${stdout}${stderr}`.slice(-4000) })
}

function fails(t: Test, what: string, result: CommandResult, says: RegExp): void {
  t.not(result.code, 0, `${what} fails`)
  t.match(result.stdout + result.stderr, says, `${what} says why`)
}

function digestOf(data: string | Buffer): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`
}

function digestsIn(layout: string): readonly string[] {
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'))
  return manifests.map(({ digest }: { digest: string }) => digest)
}
