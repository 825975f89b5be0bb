import t from 'tap'
import { type GateVerdict, startGate } from '../support/acme-gate.ts'
import { startLandwaiter } from '../support/landwaiter.ts'
import { startLandwaiterProcess } from '../support/landwaiter-process.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { acmeSections, adminOf, NAME, shownAt } from './acme-site.ts'

const LIFE_SECONDS = 12

let pebble: Pebble

t.before(async () => {
  pebble = await startPebble(t, { nonceReject: 0 })
})

t.test('two processes on one directory order each name once, and each answers for the other', async t => {
  const gate = await startGate(t, pebble)
  const state_dir = tempDir(t)
  const names = [NAME, 'auth.test']
  const shared = { state_dir, acme: { names, challenges: ['http-01'] } }
  const elsewhere = { https: '127.0.0.1:0', http: '127.0.0.1:0' }
  const [reached, other] = await Promise.all([
    startLandwaiterProcess(t, acmeSections(pebble, gate.directory, shared)),
    startLandwaiterProcess(t, acmeSections(pebble, gate.directory, { ...shared, listen: elsewhere })),
  ])
  const certificates = async (one: typeof other) => {
    const all = await adminOf(one).all()
    return all.every(({ acme }) => acme?.authority !== undefined)
      ? all.map(({ acme }) => acme?.serial)
      : undefined
  }
  const serials = await waitFor('all certificates', () => certificates(reached))
  t.strictSame(serials.length, 2)
  t.strictSame(
    gate
      .orders()
      .map(({ identifiers }) => JSON.stringify(identifiers))
      .sort(),
    [...names].sort().map(value => JSON.stringify([{ type: 'dns', value }])),
  )
  t.strictSame(gate.count('new-account'), 1)
  t.match(await adminOf(other).renew(), { status: 200 }, 'answered by the process that the authority reaches')
  t.strictSame(gate.count('new-order'), 4)
  t.strictSame(await reached.stop(), 0)
  t.strictSame(await other.stop(), 0)
})

t.test(
  'TERM during an order ends in time, gives the lock up, and the next start takes the order up',
  async t => {
    const gate = await startGate(t, pebble)
    const state_dir = tempDir(t)
    const held = Promise.withResolvers<GateVerdict>()
    t.teardown(() => held.resolve('drop'))
    gate.intercept(({ step }) => (step === 'finalize' ? held.promise : undefined))
    const first = await startLandwaiterProcess(t, acmeSections(pebble, gate.directory, { state_dir }))
    await waitFor('the order to be finalized', () => gate.count('finalize') === 1)
    const from = performance.now()
    t.strictSame(await first.stop(), 0)
    t.ok(performance.now() - from < 5_000, 'at once')
    t.strictSame(first.audit().filter(({ action }) => action.startsWith('cert.')).length, 0)
    gate.intercept(() => undefined)
    const second = await startLandwaiterProcess(t, acmeSections(pebble, gate.directory, { state_dir }))
    await adminOf(second).obtained()
    t.strictSame(gate.count('new-order'), 1)
    t.notOk(second.output().includes('taken over'), 'nobody had to wait for the lock')
    t.match(await shownAt(t, pebble.tlsPort, await pebble.issuingRoot()), { isTrusted: true })
  },
)

t.test(
  'with the authority away at a renewal the old certificate is served, and the renewal made up for',
  async t => {
    const brief = await startPebble(t, { nonceReject: 0, validitySeconds: LIFE_SECONDS })
    const gate = await startGate(t, brief)
    const landwaiter = await startLandwaiter(t, { config: acmeSections(brief, gate.directory) })
    const admin = adminOf(landwaiter)
    const { serial } = await admin.obtained()
    gate.intercept(() => 'drop')
    const failing = await waitFor('a failed renewal', async () => {
      const now = await admin.status()
      return now.lastError === undefined ? undefined : now
    })
    t.match(failing, { serial, source: 'acme' })
    t.match(await shownAt(t, brief.tlsPort), { serial })
    gate.intercept(() => undefined)
    const renewed = await waitFor('the renewal', async () => {
      const now = await admin.status()
      return now.serial === serial ? undefined : now
    })
    t.match(renewed, { failedAttempts: 0, source: 'acme' })
    t.match(await shownAt(t, brief.tlsPort), { serial: renewed.serial })
    const lines = await waitFor('the audit line of the renewal', () => {
      const all = landwaiter.audit().map(({ action, outcome }) => `${action} ${outcome}`)
      return all.includes('cert.renew success') && all.filter(line => line.startsWith('cert.'))
    })
    t.strictSame(lines.slice(0, 2), ['cert.issue success', 'cert.renew failed'])
  },
)
