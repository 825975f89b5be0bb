import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { MANIFEST_ACCEPT } from '../../src/oci/manifest-types.ts'
import type { Login } from '../support/client-trust.ts'
import { type Cosign, createCosign, findCosign } from '../support/cosign.ts'
import { dockerUnavailable, startDockerEngine } from '../support/docker-engine.ts'
import { basic, SAMPLE, startLandwaiter, type TestLandwaiter } from '../support/landwaiter.ts'
import { type OciImage, writeOciImage } from '../support/oci-image.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import type { CommandResult } from '../support/run-command.ts'
import { createSkopeo, type Skopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'

const COSIGN_3 = process.env['LANDWAITER_COSIGN3']
/** How long landwaiter may go on taking a manifest for unsigned. */
const UNSIGNED_MS = 3_000
const DEVELOPER: Login = { user: 'developer', password: 'developer-password' }
const SIGNER: Login = { user: 'ci', password: 'admin-password' }

/** landwaiter before a real registry, a signer who may push and sign, and a developer who pulls. */
interface Stage {
  readonly lw: TestLandwaiter
  readonly cosign: Cosign
  /** Signs `NAME` as the signer, through landwaiter. */
  readonly sign: (key: string, image: string, ...flags: readonly string[]) => Promise<CommandResult>
  readonly signer: Skopeo
  readonly developer: Skopeo
  readonly image: (tag: string) => OciImage
  /** Lets the time pass in which a new signature may go unseen. */
  readonly wait: () => void
}

async function setStage(t: Test, cosignPath: string): Promise<Stage> {
  const { upstream } = await startRealRegistry(t)
  const cosign = await createCosign(t, cosignPath)
  for (const name of ['trusted', 'stranger']) succeeds(t, `a key ${name}`, await cosign.generateKeyPair(name))
  const rule = { key_file: join(cosign.dir, 'trusted.pub'), signers: [SIGNER.user] }
  let ahead = 0
  const lw = await startLandwaiter(t, {
    clock: () => Date.now() + ahead,
    config: {
      registry: { upstream },
      users: { ...SAMPLE.users, [SIGNER.user]: { password: SAMPLE.users.admin.password } },
      acl: [
        { match: { account: SIGNER.user }, actions: ['pull', 'push'] },
        { match: { account: DEVELOPER.user }, actions: ['pull'] },
      ],
      require_signature: [
        { name: 'prod/*', mode: 'enforce', ...rule },
        { name: 'stage/*', mode: 'warn', ...rule },
      ],
    },
  })
  const certDir = tempDir(t)
  copyFileSync(lw.caFile, join(certDir, 'ca.crt'))
  const [signer, developer] = [SIGNER, DEVELOPER].map(() => createSkopeo(t, { kind: 'ca', certDir }))
  if (signer === undefined || developer === undefined) throw new TypeError('two clients')
  succeeds(t, 'the signer logs in', await signer.login(lw.host, SIGNER))
  succeeds(t, 'the developer logs in', await developer.login(lw.host, DEVELOPER))
  logInCosign(cosign, lw)
  const layout = tempDir(t)
  return {
    lw,
    cosign,
    sign: (key, image, ...flags) =>
      cosign.sign(key, `${lw.host}/${image}`, `--registry-cacert=${lw.caFile}`, ...flags),
    signer,
    developer,
    image: tag => writeOciImage(layout, { tag, layerBytes: 100 }),
    wait: () => {
      ahead += UNSIGNED_MS
    },
  }
}

/** As `cosign login`, whose password would stand on the command line. */
function logInCosign({ dir }: Cosign, { host }: TestLandwaiter): void {
  mkdirSync(join(dir, '.docker'))
  const auth = Buffer.from(`${SIGNER.user}:${SIGNER.password}`).toString('base64')
  writeFileSync(join(dir, '.docker/config.json'), JSON.stringify({ auths: { [host]: { auth } } }))
}

/** What the developer gets for a manifest. */
function ask({ lw }: Stage, name: string, reference: string, method = 'GET') {
  const headers = { authorization: basic(DEVELOPER.user), accept: MANIFEST_ACCEPT }
  return lw.request(`/v2/${name}/manifests/${reference}`, { method, headers })
}

function pull(t: Test, { developer, lw }: Stage, name: string): Promise<CommandResult> {
  return developer.pull(`${lw.host}/${name}`, `oci:${tempDir(t)}:x`)
}

const sentence = (image: string, digest: string) =>
  `${image} (${digest}) is not signed by a trusted key; rule "require_signature[0]"`

async function pushAndSign(t: Test, stage: Stage, ...flags: readonly string[]): Promise<void> {
  const { lw, signer, sign, wait } = stage
  const image = stage.image('app')
  const { digest } = image.manifest
  succeeds(t, 'the signer pushes', await signer.push(image.ref, `${lw.host}/prod/app:v1`))

  await t.test('what is unsigned is refused in a sentence that the client shows', async t => {
    const refused = await pull(t, stage, 'prod/app:v1')
    t.not(refused.code, 0)
    t.match(unquoted(refused.stderr), sentence('prod/app:v1', digest))
    const { status, text } = await ask(stage, 'prod/app', 'v1')
    t.equal(status, 403)
    t.match(JSON.parse(text), {
      errors: [{ code: 'DENIED', message: sentence('prod/app:v1', digest), detail: /no signature/ }],
    })
    t.match(lw.audit().at(-1), {
      action: 'pull',
      outcome: 'denied',
      status: 403,
      rule: 'require_signature[0]',
      reason: sentence('prod/app:v1', digest),
    })
    t.equal((await ask(stage, 'prod/app', digest)).status, 403, 'nor by its digest')
    t.equal((await ask(stage, 'prod/app', 'v1', 'HEAD')).status, 403, 'nor by HEAD')
    const own = await signer.pull(`${lw.host}/prod/app:v1`, `oci:${tempDir(t)}:x`)
    succeeds(t, 'but the signer must pull it, to look at what he signs', own)
  })

  await t.test('a signature by another key changes nothing', async t => {
    succeeds(t, 'cosign sign', await sign('stranger', `prod/app@${digest}`, ...flags))
    wait()
    t.match(unquoted((await pull(t, stage, 'prod/app:v1')).stderr), sentence('prod/app:v1', digest))
  })

  await t.test('a signature by the trusted key opens it, for the tag and the digest', async t => {
    succeeds(t, 'cosign sign', await sign('trusted', `prod/app@${digest}`, ...flags))
    wait()
    succeeds(t, 'skopeo pulls by tag', await pull(t, stage, 'prod/app:v1'))
    succeeds(t, 'skopeo pulls by digest', await pull(t, stage, `prod/app@${digest}`))
    const { status, headers } = await ask(stage, 'prod/app', 'v1')
    t.equal(status, 200)
    t.equal(headers['warning'], undefined)
  })

  await t.test('the tag is closed again when it moves to another image', async t => {
    const next = stage.image('next')
    succeeds(t, 'the signer pushes', await signer.push(next.ref, `${lw.host}/prod/app:v1`))
    t.match(
      unquoted((await pull(t, stage, 'prod/app:v1')).stderr),
      sentence('prod/app:v1', next.manifest.digest),
    )
    t.equal((await ask(stage, 'prod/app', digest)).status, 200, 'the signed one stays open by its digest')
    const elsewhere = await signer.copy(`${lw.host}/prod/app@${digest}`, `${lw.host}/prod/other:v1`)
    succeeds(t, 'the signer copies the image without its signature', elsewhere)
    t.equal((await ask(stage, 'prod/other', 'v1')).status, 403, 'a signature counts in its own repository')
  })
}

t.test('repositories whose images must be signed', async t => {
  const stage = await setStage(t, findCosign())
  const { lw, signer, sign, wait } = stage
  await pushAndSign(t, stage)

  await t.test('an unsigned image comes with a warning where the rule only warns', async t => {
    const image = stage.image('warned')
    succeeds(t, 'the signer pushes', await signer.push(image.ref, `${lw.host}/stage/app:v1`))
    succeeds(t, 'skopeo pulls', await pull(t, stage, 'stage/app:v1'))
    const { digest } = image.manifest
    const { status, headers } = await ask(stage, 'stage/app', 'v1')
    t.equal(status, 200)
    const text = `stage/app:v1 (${digest}) is not signed by a trusted key; rule \\"require_signature[1]\\"`
    t.equal(headers['warning'], `299 - "${text}"`)
    succeeds(t, 'cosign sign', await sign('trusted', `stage/app@${digest}`))
    wait()
    t.equal((await ask(stage, 'stage/app', 'v1')).headers['warning'], undefined, 'and without when signed')
  })

  await t.test('an image elsewhere needs no signature', async t => {
    succeeds(t, 'push', await signer.push(stage.image('free').ref, `${lw.host}/team/app:v1`))
    succeeds(t, 'pull', await pull(t, stage, 'team/app:v1'))
  })

  const skip = dockerUnavailable()
  await t.test('docker shows the sentence, and pulls once the image is signed', { skip }, async t => {
    const engine = await startDockerEngine(t)
    const image = stage.image('docker')
    const { digest } = image.manifest
    succeeds(t, 'the signer pushes', await signer.push(image.ref, `${lw.host}/prod/docker:v1`))
    succeeds(t, 'docker login', await engine.login(lw.host, DEVELOPER))
    const refused = await engine.pull(`${lw.host}/prod/docker:v1`)
    t.not(refused.code, 0)
    t.match(unquoted(refused.stderr), sentence('prod/docker:v1', digest))
    succeeds(t, 'cosign sign', await sign('trusted', `prod/docker@${digest}`))
    wait()
    succeeds(t, 'docker pull', await engine.pull(`${lw.host}/prod/docker:v1`))
  })

  await t.test('a reload takes another key over, and with it what that key signed', async t => {
    const image = stage.image('rekeyed')
    const { digest } = image.manifest
    succeeds(t, 'the signer pushes', await signer.push(image.ref, `${lw.host}/prod/rekeyed:v1`))
    succeeds(t, 'cosign sign', await sign('stranger', `prod/rekeyed@${digest}`))
    t.equal((await ask(stage, 'prod/rekeyed', 'v1')).status, 403)
    const [rule] = parse(readFileSync(lw.file, 'utf8')).require_signature
    rekey(lw, { ...rule, key_file: join(stage.cosign.dir, 'stranger.pub') })
    t.match(await lw.app.reload(), { outcome: 'loaded' })
    t.equal((await ask(stage, 'prod/rekeyed', 'v1')).status, 200, 'at once')
    t.equal((await ask(stage, 'prod/docker', 'v1')).status, skip === false ? 403 : 404, 'the old key is out')
    rekey(lw, { ...rule, key_file: join(stage.cosign.dir, 'missing.pub') })
    t.match(await lw.app.reload(), { outcome: 'rejected', faults: [/missing\.pub/] })
    t.equal((await ask(stage, 'prod/rekeyed', 'v1')).status, 200, 'a key that is not there is kept out')
  })
})

t.test('signatures as OCI referrers, on a registry without their API', async t => {
  const stage = await setStage(t, findCosign())
  await pushAndSign(t, stage, '--registry-referrers-mode=oci-1-1')
})

t.test(
  'signatures of cosign 3',
  { skip: COSIGN_3 === undefined && 'LANDWAITER_COSIGN3 is not set' },
  async t => pushAndSign(t, await setStage(t, COSIGN_3 ?? '')),
)

/** Makes `rule` the only one. */
function rekey({ file }: TestLandwaiter, rule: object): void {
  writeFileSync(file, stringify({ ...parse(readFileSync(file, 'utf8')), require_signature: [rule] }))
}

/** skopeo prints messages quoted, docker as they are. */
function unquoted(text: string): string {
  return text.replaceAll('\\', '')
}

function succeeds(t: Test, what: string, { code, stdout, stderr }: CommandResult): void {
  t.equal(code, 0, what, { diagnostic: code !== 0, stdout, stderr })
}
