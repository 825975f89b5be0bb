import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectionOptions, connect } from 'node:tls'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { type AcmeGate, type AcmeStep, startGate } from '../support/acme-gate.ts'
import { type BackgroundProcess, startProcess } from '../support/background-process.ts'
import { writeConfig } from '../support/landwaiter.ts'
import { openPorts } from '../support/landwaiter-process.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import {
  allKills,
  changesOf,
  describeKill,
  type Killable,
  type Steps,
  someKills,
  startKillable,
} from './acme-kill.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const NAME = 'registry.test'
const RENEWAL_KILLS = [
  { step: 'new-order', when: 'after' },
  { step: 'challenge', when: 'after' },
  { step: 'finalize', when: 'before' },
  { step: 'certificate', when: 'after' },
] as const

/** Time for all of an issuance. */
const LATE_MS = 10_000

let compileCache: string

t.setTimeout(300_000) // about 30 s on two idle cores
t.jobs = 2 // each with an authority of its own

t.before(() => {
  compileCache = tempDir(t)
})

t.test('a server that is killed during its first issuance', { buffered: true }, async t => {
  const pebble = await startPebble(t, { nonceReject: 0 })
  const kills = allKills(await firstSteps(t, pebble))
  const [atRequests, atChanges] = [
    kills.filter(({ at }) => at === 'request'),
    kills.filter(({ at }) => at === 'change'),
  ]
  for (const kill of [...someKills(atRequests, 5), ...someKills(atChanges, 45)]) {
    await t.test(describeKill(kill), async t => {
      const site = await openSite(t, pebble)
      const killed = await startKillable(t, site, kill)
      // Idle when the moment does not come, it is killed then.
      const late = kill.isLate ? sleep(LATE_MS).then(() => killed.stop('SIGKILL')) : killed.exited
      t.equal(await Promise.race([killed.exited, late]), 'SIGKILL')
      const again = await startAgain(t, site)
      await waitFor('a certificate of the authority', again.isCertified)
      t.ok(await again.servedSerial())
      t.ok(site.gate.created('new-order') <= 2, 'one extra order at most')
      t.equal(site.gate.created('new-account'), 1)
      t.notMatch(again.output(), /no sign of life|damaged/)
      await again.stop()
    })
  }
})

t.test('a server that is killed during a renewal', { buffered: true }, async t => {
  const pebble = await startPebble(t, { nonceReject: 0 })
  for (const { step, when } of RENEWAL_KILLS) {
    await t.test(`${when} the request for the ${step}`, async t => {
      const site = await openSite(t, pebble)
      const first = await startAgain(t, site)
      await waitFor('a certificate of the authority', first.isCertified)
      const serial = await first.servedSerial()
      killAtNext(site.gate, first.pid, { step, when })
      const answer = await Promise.race([first.renew().catch(() => 'none'), first.exited])
      t.ok(answer === 'none' || answer === 'SIGKILL', `${answer} ${first.output()}`)
      t.equal(await first.stop('SIGKILL'), 'SIGKILL')
      const again = await startAgain(t, site)
      t.equal(await again.servedSerial(), serial, 'the certificate of before is served at once')
      t.match(await again.renew(), /^200 /)
      t.not(await again.servedSerial(), serial)
      t.ok(site.gate.created('new-order') <= 3, 'one extra order at most')
      t.equal(site.gate.created('new-account'), 1)
      t.notMatch(again.output(), /no sign of life|damaged/)
      await again.stop()
    })
  }
})

interface Site extends Killable {
  readonly pebble: Pebble
}

/** A landwaiter that can be started, with a gate of its own before `pebble`. */
async function openSite(t: Test, pebble: Pebble): Promise<Site> {
  const gate = await startGate(t, pebble)
  const dir = tempDir(t)
  const acme = { directory: gate.directory, ca_root_file: pebble.caRootFile, challenges: ['http-01'] }
  const file = writeConfig(dir, {
    domains: { registry: NAME },
    listen: { https: '127.0.0.1:0', http: `127.0.0.1:${pebble.httpPort}`, admin: '127.0.0.1:0' },
    registry: { upstream: 'http://127.0.0.1:9', auth: 'none' },
    tls: { mode: 'acme', acme },
  })
  const env = { NODE_COMPILE_CACHE: compileCache }
  return { pebble, gate, stateDir: join(dir, 'state'), command: [MAIN, 'serve', '-c', file], env }
}

interface Server extends BackgroundProcess {
  /** Whether there is a certificate of the authority. */
  readonly isCertified: () => Promise<boolean>
  /** Serial number of the authority's certificate; rejects when another one is served. */
  readonly servedSerial: () => Promise<string>
  /** Status and text of the answer to an owner who wants a new certificate. */
  readonly renew: () => Promise<string>
}

async function startAgain(t: Test, { command, env, pebble }: Site): Promise<Server> {
  const started = await startProcess(t, [process.execPath, ...command], env === undefined ? {} : { env })
  const { https, admin } = await started.ready('ready', () => openPorts(started.output()))
  const ca = await pebble.issuingRoot()
  return {
    ...started,
    isCertified: async () => {
      const reply = await request(`http://127.0.0.1:${admin}/certificates`)
      const all = (await reply.body.json()) as readonly { readonly source: string }[]
      return all.every(({ source }) => source === 'acme')
    },
    servedSerial: () => serialOf({ host: '127.0.0.1', port: https, servername: NAME, ca }),
    renew: async () => {
      const reply = await request(`http://127.0.0.1:${admin}/certificates/renew`, { method: 'POST' })
      return `${reply.statusCode} ${await reply.body.text()}`
    },
  }
}

async function serialOf(options: ConnectionOptions): Promise<string> {
  const socket = connect(options)
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerCertificate().serialNumber
  } finally {
    socket.destroy()
  }
}

/** Kills a process when it asks for one step the next time. */
function killAtNext(
  gate: AcmeGate,
  pid: number,
  { step, when }: { readonly step: AcmeStep; readonly when: 'before' | 'after' },
): void {
  gate.intercept(seen => {
    if (seen.step !== step) return undefined
    gate.intercept(() => undefined)
    if (when === 'after') gate.killAt({ number: seen.number, pid, when })
    else process.kill(pid, 'SIGKILL')
    return when === 'after' ? undefined : 'drop'
  })
}

/** What a server does on its own at its first start. */
async function firstSteps(t: Test, pebble: Pebble): Promise<Steps> {
  const site = await openSite(t, pebble)
  const server = await startKillable(t, site)
  const isDone = () =>
    site.gate.count('renewal-info') > 0 && /utimes \S+certificate-\S+2\.lock$/m.test(server.output())
  await server.ready('the certificate and its renewal window', isDone)
  await server.stop()
  return { requests: site.gate.requests.map(({ step }) => step), changes: changesOf(server, site) }
}
