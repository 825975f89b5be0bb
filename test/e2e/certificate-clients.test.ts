import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type ClientPair, createClientCa } from '../support/client-ca.ts'
import { dockerUnavailable, startDockerEngine } from '../support/docker-engine.ts'
import { readAudit, SAMPLE, startLandwaiter, writeConfig } from '../support/landwaiter.ts'
import { writeOciImage } from '../support/oci-image.ts'
import { createPodman } from '../support/podman.ts'
import { findRegistry, startRealRegistry } from '../support/real-registry.ts'
import type { CommandResult } from '../support/run-command.ts'
import { createSkopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'

const ACL = [
  ...SAMPLE.acl,
  { match: { labels: { cert_ou: 'build' }, name: 'ci/${labels:cert_cn}/*' }, actions: ['pull', 'push'] },
]
const NOT_PROD = /ci-runner may not [a-z, ]+ prod\/app(:1)?: no rule matches/

t.test('skopeo and podman push and pull by certificate alone', async t => {
  const ca = createClientCa(t)
  const { upstream } = await startRealRegistry(t)
  const landwaiter = await startLandwaiter(t, {
    config: {
      registry: { upstream, auth: 'none' },
      tls: { mode: 'internal', client_auth: { ca_file: ca.file } },
      acl: ACL,
    },
  })
  const { host } = landwaiter
  const certDir = writeCertDir(tempDir(t), landwaiter.caFile, ca.issue({ subject: '/CN=ci-runner/OU=build' }))
  const dir = tempDir(t)
  const image = writeOciImage(dir, { tag: 'one' })
  const skopeo = createSkopeo(t, { kind: 'ca', certDir })
  const app = `${host}/ci/ci-runner/app:1`
  succeeds(t, 'skopeo pushes', await skopeo.push(image.ref, app))
  succeeds(t, 'skopeo pulls', await skopeo.pull(app, `oci:${dir}/back:1`))
  fails(t, 'skopeo push elsewhere', await skopeo.push(image.ref, `${host}/prod/app:1`), NOT_PROD)
  t.match(
    landwaiter.audit().find(({ action, kind }) => action === 'push' && kind === 'manifest'),
    { outcome: 'success', actor: { name: 'ci-runner', kind: 'user' } },
  )
  const login = { user: 'developer', password: 'developer-password' }
  succeeds(t, 'skopeo logs in beside its certificate', await skopeo.login(host, login))
  succeeds(t, 'and is that user', await skopeo.push(image.ref, `${host}/dev-backend/app:1`))

  await t.test('podman', { skip: dockerUnavailable() }, async t => {
    const podman = createPodman(t, { kind: 'ca', certDir })
    succeeds(t, 'pulls', await podman.pull(app))
    succeeds(t, 'pushes', await podman.push(app, `${host}/ci/ci-runner/app:2`))
    fails(t, 'push elsewhere', await podman.push(app, `${host}/prod/app:1`), NOT_PROD)
  })
})

t.test('docker pushes and pulls by certificate alone', { skip: dockerUnavailable() }, async t => {
  const [host, auth] = ['registry.test', 'auth.test']
  const ca = createClientCa(t)
  const engine = await startDockerEngine(t, { network: 'private', hosts: [host, auth], address: '10.87.0.1' })
  const dir = tempDir(t)
  const file = writeConfig(dir, {
    domains: { registry: host, auth },
    listen: { https: ':443', http: 'off', admin: 'off' },
    registry: { run: { binary: findRegistry() } },
    tls: { mode: 'internal', client_auth: { ca_file: ca.file } },
    acl: ACL,
  })
  const main = join(import.meta.dirname, '../../src/main.ts')
  const landwaiter = await engine.start([process.execPath, main, 'serve', '-c', file])
  await landwaiter.ready('ready', () => landwaiter.output().includes('"ready"'))
  engine.trust(host, join(dir, 'state/ca/ca.pem'), ca.issue({ subject: '/CN=ci-runner/OU=build' }))
  const image = writeOciImage(tempDir(t), { tag: 'one' })
  const app = `${host}/ci/ci-runner/app:1`
  await engine.load(image.ref, app)
  succeeds(t, 'pushes', await engine.push(app))
  await engine.docker(['tag', app, `${host}/prod/app:1`])
  fails(t, 'push elsewhere', await engine.push(`${host}/prod/app:1`), NOT_PROD)
  await engine.docker(['rmi', '--force', app, `${host}/prod/app:1`])
  const pulled = await engine.pull(app)
  succeeds(t, 'pulls', pulled)
  t.match(pulled.stdout, 'Downloaded newer image')
  const issued = readAudit(join(dir, 'audit.jsonl')).filter(({ kind }) => kind === 'token')
  t.strictSame(
    [...new Set(issued.map(({ actor }) => [actor.name, actor.via].join()))],
    ['ci-runner,certificate'],
  )
  const user = { user: 'developer', password: 'developer-password' }
  succeeds(t, 'logs in beside its certificate', await engine.login(host, user))
  fails(t, 'and is that user', await engine.pull(app), /developer may not pull from ci\/ci-runner\/app/)
})

function writeCertDir(dir: string, caFile: string, pair: ClientPair): string {
  copyFileSync(caFile, join(dir, 'ca.crt'))
  copyFileSync(pair.certFile, join(dir, 'client.cert'))
  copyFileSync(pair.keyFile, join(dir, 'client.key'))
  return dir
}

function succeeds(t: Test, what: string, { code, stdout, stderr }: CommandResult): void {
  t.equal(code, 0, what, code === 0 ? {} : { output: `${stdout}${stderr}`.slice(-4000) })
}

function fails(t: Test, what: string, result: CommandResult, says: RegExp): void {
  t.not(result.code, 0, `${what} fails`)
  t.match(result.stdout + result.stderr, says, `${what} says why`)
}
