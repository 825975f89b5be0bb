import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { acmeDirectory } from '../../src/app/open-acme.ts'
import { openCertificateStore } from '../../src/tls/certificate-store.ts'
import { type AcmeGate, startGate } from '../support/acme-gate.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import { tempDir } from '../support/temp-dir.ts'
import { memoryLog } from '../tls/support.ts'
import { type KeeperSetting, keepOnce, openKeeper } from './acme-keeper.ts'
import {
  allKills,
  changesOf,
  describeKill,
  type Kill,
  type Steps,
  someKills,
  startKillable,
} from './acme-kill.ts'

const KEEPER = new URL('acme-keeper-process.ts', import.meta.url).pathname
/** One certificate in 256 has a serial number that pebble 2.6 does not find again. */
const PEBBLE_STUMBLES = /cannot tell what an order replaces/
const HOUR_MS = 3_600_000
/** One in so many kills, unless LANDWAITER_KILL=all in the environment asks for all: about 400, in minutes. */
const STRIDE = 13

t.setTimeout(300_000) // about 30 s on two idle cores

let pebble: Pebble
let compileCache: string

t.before(async () => {
  pebble = await startPebble(t, { alwaysValid: true, nonceReject: 0 })
  compileCache = tempDir(t)
})

for (const isRenewal of [false, true]) {
  t.test(isRenewal ? 'a renewal' : 'a first issuance', async t => {
    const steps = await stepsOf(t, isRenewal)
    for (const step of ['new-order', 'challenge', 'finalize', 'certificate']) {
      t.ok(steps.requests.includes(step), `${step} is one of ${steps.requests.length} requests`)
    }
    t.ok(steps.changes.length >= 40, `${steps.changes.length} changes`)
    t.jobs = 3
    for (const kill of someKills(allKills(steps), STRIDE)) {
      t.test(`killed ${describeKill(kill)}`, { buffered: true }, t => survives(t, kill, isRenewal))
    }
  })
}

interface Scene {
  readonly gate: AcmeGate
  readonly setting: KeeperSetting
}

/** An authority and a store; with a certificate when it is to be renewed. */
async function openScene(t: Test, isRenewal: boolean): Promise<Scene> {
  const gate = await startGate(t, pebble)
  const { caRootFile } = pebble
  const { directory } = gate
  const setting = { stateDir: tempDir(t), directory, caRootFile, name: 'registry.test', isRenewal }
  if (isRenewal) {
    const acme = await openKeeper(setting)
    await keepOnce(acme, false)
    await acme.close()
  }
  return { gate, setting }
}

function start(t: Test, { gate, setting }: Scene, kill?: Kill) {
  const { stateDir } = setting
  const command = [KEEPER, JSON.stringify(setting)] as const
  return startKillable(t, { command, stateDir, gate, env: { NODE_COMPILE_CACHE: compileCache } }, kill)
}

/** What is done when nothing goes wrong. */
async function stepsOf(t: Test, isRenewal: boolean): Promise<Steps> {
  const scene = await openScene(t, isRenewal)
  const before = scene.gate.requests.length
  const process = await start(t, scene)
  t.equal(await process.exited, 0, process.output())
  const requests = scene.gate.requests.slice(before).map(({ step }) => step)
  return { requests, changes: changesOf(process, scene.setting) }
}

async function survives(t: Test, kill: Kill, isRenewal: boolean): Promise<void> {
  const scene = await openScene(t, isRenewal)
  const { gate, setting } = scene
  const had = isRenewal ? 1 : 0
  const bundle = (generation: number) =>
    readFileSync(join(setting.stateDir, `acme/certificates/registry.test/0000000${generation}.json`), 'utf8')
  const first = isRenewal ? bundle(1) : undefined
  const killed = await start(t, scene, kill)
  const exited = await killed.exited
  t.ok(exited === 'SIGKILL' || (kill.isLate && exited === 0), `ended with ${exited}`)

  const { serial, log } = await restart(t, scene)
  t.strictSame(
    log.lines.filter(({ level, message }) => /warn|error/.test(level) && !PEBBLE_STUMBLES.test(message)),
    [],
    'nothing is damaged',
  )
  const takenOver = log.lines.filter(({ message }) => message === 'lock of another process is taken over')
  t.ok(
    takenOver.every(({ fields }) => fields['reason'] === 'its process has ended'),
    'no lock is waited for',
  )
  t.ok(gate.created('new-order') - had <= 2, 'one extra order at most')
  t.equal(gate.created('new-account'), 1)
  if (first !== undefined) t.equal(bundle(1), first, 'the certificate of before is still stored')
  t.comment(`orders: ${gate.created('new-order') - had}`)

  const orders = gate.created('new-order')
  const next = await renew(setting)
  t.not(next.serial, serial, 'the next renewal brings another certificate')
  t.equal(gate.created('new-order'), orders + 1)
  await openCertificateStore({
    directory: acmeDirectory({ state_dir: setting.stateDir }),
    clock: () => Date.now() + 2 * HOUR_MS,
    log,
  })
  t.strictSame(leftovers(setting), [], 'nothing is left behind')
}

/** Starts again on what the killed process left, and does what is due. */
async function restart(t: Test, { setting }: Scene) {
  const log = memoryLog()
  const acme = await openKeeper(setting, { log })
  const { source } = acme
  const { name, isRenewal } = setting
  const [one] = source.managed
  const generation = one?.current()?.generation ?? 0
  if (isRenewal) t.ok(source.contextFor(name), 'a certificate is served from the first moment on')
  await keepOnce(acme, isRenewal && generation === 1)
  const pair = one?.current()?.pair
  t.ok(source.contextFor(name), 'a certificate is served')
  t.strictSame(pair?.names, [name])
  t.match(pair?.issuer, /Pebble/)
  t.equal(one?.current()?.generation, isRenewal ? 2 : 1)
  t.strictSame(one?.status().lastError, undefined)
  await acme.close()
  return { serial: pair?.leaf.serialNumber, log }
}

async function renew(setting: KeeperSetting) {
  const acme = await openKeeper(setting)
  await keepOnce(acme, true)
  const serial = acme.source.managed[0]?.current()?.pair.leaf.serialNumber
  await acme.close()
  return { serial }
}

/** Temporary files and challenges. */
function leftovers({ stateDir }: KeeperSetting): readonly string[] {
  const entries = readdirSync(join(stateDir, 'acme'), { withFileTypes: true, recursive: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(path => path.endsWith('.tmp') || path.includes('/challenges/'))
}
