import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ACME_DOMAINS, type AcmeLandwaiter, startAcmeLandwaiter } from '../support/acme-landwaiter.ts'
import { dockerUnavailable, startDockerEngine } from '../support/docker-engine.ts'
import { writeOciImage } from '../support/oci-image.ts'
import { startPebble } from '../support/pebble.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import type { CommandResult } from '../support/run-command.ts'
import { createSkopeo } from '../support/skopeo.ts'
import { tempDir } from '../support/temp-dir.ts'

const NAMES = [ACME_DOMAINS.registry, ACME_DOMAINS.auth]
const DEVELOPER = { user: 'developer', password: 'developer-password' }
const MIB = 1024 * 1024
/** docker checks certificates of registries at any address but 127.0.0.0/8. */
const ADDRESS = '::1'

t.test('clients log in, push and pull while certificates change', { skip: dockerUnavailable() }, async t => {
  const pebble = await startPebble(t)
  const { upstream } = await startRealRegistry(t)
  const landwaiter = await startAcmeLandwaiter(t, {
    pebble,
    address: ADDRESS,
    acme: { challenges: ['http-01'] },
    config: { registry: { upstream, auth: 'none' } },
  })
  await landwaiter.served(NAMES)
  const host = `${ACME_DOMAINS.registry}:${pebble.tlsPort}`
  const engine = await startDockerEngine(t, { hosts: NAMES, address: ADDRESS })
  const distrusting = await engine.login(host, DEVELOPER)
  t.match(distrusting.stderr, /certificate signed by unknown authority/, 'docker verifies')

  const certDir = tempDir(t)
  const root = join(certDir, 'ca.crt')
  writeFileSync(root, await pebble.issuingRoot())
  engine.trust(host, root)
  const dir = join(tempDir(t), 'image')
  mkdirSync(dir)
  const image = writeOciImage(dir, { tag: 'one', layers: 4, layerBytes: 16 * MIB })
  const [first, second] = [`${host}/dev-backend/docker:1`, `${host}/dev-backend/skopeo:1`]
  await engine.load(image.ref, first)
  const { during, stop } = startRenewals(t, landwaiter)

  succeeds(t, 'docker logs in', await engine.login(host, DEVELOPER))
  const pushed = await during(() => engine.push(first))
  succeeds(t, `docker pushes across ${pushed.swaps} renewals`, pushed.result)
  t.ok(pushed.swaps > 0)
  await engine.docker(['rmi', '--force', first])
  const pulled = await during(() => engine.pull(first))
  succeeds(t, `docker pulls across ${pulled.swaps} renewals`, pulled.result)
  t.match(pulled.result.stdout, 'Downloaded newer image')

  const skopeo = createSkopeo(t, { kind: 'ca', certDir }, engine.enter)
  succeeds(t, 'skopeo logs in', await skopeo.login(host, DEVELOPER))
  const copied = await during(() => skopeo.push(image.ref, second))
  succeeds(t, `skopeo pushes across ${copied.swaps} renewals`, copied.result)
  const back = await during(() => skopeo.pull(second, `oci:${dir}-back:1`))
  succeeds(t, `skopeo pulls across ${back.swaps} renewals`, back.result)
  t.strictSame(await stop(), [])
})

/** Renews both certificates again and again; `during` counts how many were renewed while a command ran. */
function startRenewals(t: Test, { renew, output }: AcmeLandwaiter) {
  let isStopping = false
  const failures: string[] = []
  const run = async () => {
    while (!isStopping) {
      const { status, text } = await renew()
      if (status !== 200) failures.push(text)
    }
  }
  const running = run()
  const stop = async () => {
    isStopping = true
    await running
    return failures
  }
  t.teardown(stop)
  const renewals = () => output().split('"certificate renewed"').length - 1
  return {
    stop,
    async during(command: () => Promise<CommandResult>) {
      const before = renewals()
      const result = await command()
      return { result, swaps: renewals() - before }
    },
  }
}

function succeeds(t: Test, what: string, { code, stdout, stderr }: CommandResult): void {
  t.equal(code, 0, what, code === 0 ? {} : { output: `${stdout}${stderr}`.slice(-4000) })
}
