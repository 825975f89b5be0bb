import { once } from 'node:events'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type AcmeGate, startGate } from '../support/acme-gate.ts'
import { startLandwaiter } from '../support/landwaiter.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import { cannotMount, smallDisk } from '../support/small-disk.ts'
import { startStandIn } from '../support/stand-in-registry.ts'
import { waitFor } from '../support/wait-for.ts'
import { acmeSections, adminOf, NAME, shownAt } from './acme-site.ts'

let pebble: Pebble

t.before(async () => {
  pebble = await startPebble(t, { nonceReject: 0 })
})

/** A landwaiter before a new gate, with its admin listener. */
async function openSite(
  t: Test,
  sections: Parameters<typeof acmeSections>[2] = {},
  prepare?: (gate: AcmeGate) => void,
) {
  const gate = await startGate(t, pebble)
  prepare?.(gate)
  const { upstream } = await startStandIn(t, () => {})
  const registry = { upstream, auth: 'none' }
  const config = acmeSections(pebble, gate.directory, { registry, ...sections })
  const landwaiter = await startLandwaiter(t, { config })
  return { gate, landwaiter, admin: adminOf(landwaiter) }
}

t.test(
  'with the authority away at the first start we listen, say why, and obtain the certificate later',
  async t => {
    const { gate, landwaiter, admin } = await openSite(t, {}, gate => gate.intercept(() => 'drop'))
    t.match((await shownAt(t, pebble.tlsPort)).issuer, /landwaiter internal CA/)
    const { lastError, ...status } = await waitFor('the first failure', async () => {
      const now = await admin.status()
      return now.lastError === undefined ? undefined : now
    })
    t.match(status, { source: 'internal', isStopGap: true, failedAttempts: 1 })
    t.match(lastError, /localhost:\d+/)
    const { status: code, text } = await admin.ready()
    t.strictSame(code, 200, 'a restart would not help')
    t.ok(
      text.includes(
        `[!]certificate ok, but a certificate of our own CA stands in for the one of ${NAME}: ${lastError}`,
      ),
    )
    const failures = await waitFor('the audit line', () => {
      const found = landwaiter.audit().filter(({ action }) => action === 'cert.issue')
      return found.length > 0 && found
    })
    t.match(failures, [{ outcome: 'failed', reason: lastError }])
    gate.intercept(() => undefined)
    t.match(await admin.renew(), { status: 200 })
    t.match(await shownAt(t, pebble.tlsPort, await pebble.issuingRoot()), { isTrusted: true })
    t.match(await admin.status(), { source: 'acme', isStopGap: false, failedAttempts: 0 })
    t.match((await admin.ready()).text, /\[\+\]certificate ok/)
  },
)

t.test('a rate limit leads to the next authority, and the first is left alone', async t => {
  const other = await startPebble(t, { alwaysValid: true, nonceReject: 0 })
  const fallback = [{ directory: other.directory, ca_root_file: other.caRootFile }]
  const { gate, admin } = await openSite(t, { acme: { fallback } }, gate =>
    gate.intercept(({ step }) =>
      step === 'new-order'
        ? {
            status: 429,
            headers: { 'retry-after': '3600' },
            problem: { type: 'rateLimited', detail: 'too many' },
          }
        : undefined,
    ),
  )
  const { authority, serial } = await admin.obtained()
  t.strictSame(authority, `localhost_${other.port}`)
  t.match(await shownAt(t, pebble.tlsPort, await other.issuingRoot()), { isTrusted: true, serial })
  t.match(await admin.renew(), { status: 200 })
  t.strictSame(gate.count('new-order'), 1)
  t.strictSame(gate.orders()[0]?.['replaces'], undefined)
})

t.test(
  'an authority that forgot our account gets another one, and a rejected `replaces` is left out',
  async t => {
    const { gate, admin } = await openSite(t)
    const { serial } = await admin.obtained()
    gate.intercept(({ step, payload }) =>
      step === 'new-order' && typeof payload === 'object' && payload !== null && 'replaces' in payload
        ? { status: 409, problem: { type: 'alreadyReplaced', detail: 'replaced already' } }
        : undefined,
    )
    t.match(await admin.renew(), { status: 200 })
    t.strictSame(
      gate.orders().map(order => 'replaces' in order),
      [false, true, false],
    )
    const renewed = await admin.status()
    t.not(renewed.serial, serial)
    t.strictSame(renewed.failedAttempts, 0)
    gate.intercept(() => undefined)
    await pebble.restart()
    t.match(await admin.renew(), { status: 200 })
    t.match(await shownAt(t, pebble.tlsPort, await pebble.issuingRoot()), { isTrusted: true })
  },
)

t.test('with port 80 in the hands of another program the name is proved on the TLS port', async t => {
  const other = createServer((_request, response) => response.writeHead(404).end('not me'))
  t.teardown(() => other.close())
  other.listen(pebble.httpPort, '127.0.0.1')
  await once(other, 'listening')
  const { admin } = await openSite(t, { listen: { http: '127.0.0.1:0' } })
  t.match(await admin.obtained(), { challenge: 'tls-alpn-01', failedAttempts: 0 })
  t.match(await shownAt(t, pebble.tlsPort, await pebble.issuingRoot()), { isTrusted: true })
})

t.test('a port that is taken ends the start, which names its setting', async t => {
  const other = createServer()
  t.teardown(() => other.close())
  other.listen(pebble.httpPort, '127.0.0.1')
  await once(other, 'listening')
  await t.rejects(openSite(t), {
    name: 'ListenFailed',
    message: `listen.http 127.0.0.1:${pebble.httpPort}: the address is already in use`,
  })
})

t.test('on a full disk nothing is ordered, and what is there is served', { skip: cannotMount() }, async t => {
  const disk = smallDisk(t, 1024)
  const { gate, admin } = await openSite(t, { state_dir: disk })
  const { serial } = await admin.obtained()
  const ballast = join(disk, 'ballast')
  try {
    writeFileSync(ballast, Buffer.alloc(2 << 20))
  } catch {
    // it is full now
  }
  const { status, text } = await admin.renew()
  t.strictSame(status, 422)
  t.match(text, /no space left|the disk is full: make room/)
  t.strictSame(gate.count('new-order'), 1)
  t.match(await shownAt(t, pebble.tlsPort), { serial })
  rmSync(ballast)
  t.match(await admin.renew(), { status: 200 })
  t.not((await shownAt(t, pebble.tlsPort)).serial, serial)
})

t.test('damaged certificates are set aside at the start, and others obtained', async t => {
  const gate = await startGate(t, pebble)
  const first = await startLandwaiter(t, { config: acmeSections(pebble, gate.directory) })
  await adminOf(first).obtained()
  await first.app.stop()
  const folder = join(first.dir, 'state', 'acme', 'certificates', NAME)
  writeFileSync(join(folder, '00000001.json'), '\0'.repeat(2048))
  const state_dir = join(first.dir, 'state')
  const second = await startLandwaiter(t, { config: acmeSections(pebble, gate.directory, { state_dir }) })
  await adminOf(second).obtained()
  t.match(await shownAt(t, pebble.tlsPort, await pebble.issuingRoot()), { isTrusted: true })
  t.strictSame(gate.count('new-order'), 2)
  t.strictSame(gate.count('new-account') <= 1, true, 'the account is the same')
  t.ok(readdirSync(folder).some(file => file.startsWith('00000001.json.corrupt-')))
  t.ok(second.log.some(({ message }) => message === 'damaged certificate set aside'))
})
