import t, { type Test } from 'tap'
import { ACME_DOMAINS, type AcmeLandwaiter, startAcmeLandwaiter } from '../support/acme-landwaiter.ts'
import { basic } from '../support/landwaiter.ts'
import { type LongTransfers, startLongTransfers } from '../support/long-transfers.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import { startRealRegistry } from '../support/real-registry.ts'
import { type Ask, startTraffic, type Traffic } from '../support/tls-traffic.ts'
import { waitFor } from '../support/wait-for.ts'

const NAMES = [ACME_DOMAINS.registry, ACME_DOMAINS.auth]
/** When set, each of the two tests lasts so long, with certificates of a minute. */
const SECONDS = Number(process.env['LANDWAITER_LOAD_SECONDS'] ?? 0)
const VALIDITY_SECONDS = SECONDS > 0 ? 60 : 15
const CASES = [
  { challenge: 'http-01', renewals: 1 },
  { challenge: 'tls-alpn-01', renewals: 2 },
] as const

for (const { challenge, renewals } of CASES) {
  t.test(`no client notices a renewal by ${challenge}`, { timeout: 120_000 + SECONDS * 1_500 }, async t => {
    const pebble = await startPebble(t, { validitySeconds: VALIDITY_SECONDS })
    const { upstream } = await startRealRegistry(t)
    const landwaiter = await startAcmeLandwaiter(t, {
      pebble,
      acme: { challenges: [challenge] },
      config: { registry: { upstream, auth: 'none' } },
    })
    await landwaiter.served(NAMES)
    const root = await pebble.issuingRoot()
    const endAt = performance.now() + SECONDS * 1_000
    const renewed = () => Math.min(...NAMES.map(name => renewalsOf(landwaiter, name)))
    const transfers = await startLongTransfers(t, {
      port: pebble.tlsPort,
      host: ACME_DOMAINS.registry,
      root,
      swaps: () => renewalsOf(landwaiter, ACME_DOMAINS.registry),
    })
    const traffic = startTraffic(t, { roots: () => root, visit: visitOf(pebble.tlsPort) })
    await waitFor(
      'renewals',
      () => performance.now() > endAt && renewed() >= renewals && transfers.crossed() >= renewals,
      60_000 + SECONDS * 1_000,
    )
    await transfers.stop()
    await traffic.stop()
    report(t, { landwaiter, pebble, traffic, transfers })
    t.strictSame([...traffic.failures, ...transfers.failures], [])
    for (const name of NAMES) {
      t.ok((traffic.serials.get(name)?.size ?? 0) > renewals, `clients saw every certificate of ${name}`)
    }
    t.ok(traffic.handshakes().resumed > 0)
    const failed = landwaiter
      .audit()
      .filter(({ action, outcome }) => /^cert/.test(action) && outcome !== 'success')
    t.strictSame(failed, [])
  })
}

/** What a client does: a token from one name, used at the other; and a password there. */
function visitOf(port: number): (ask: Ask) => Promise<void> {
  const realm = `https://${ACME_DOMAINS.auth}:${port}/auth?service=${ACME_DOMAINS.registry}`
  const registry = `https://${ACME_DOMAINS.registry}:${port}/v2/`
  return async ask => {
    const { token } = JSON.parse(await ask(realm, { authorization: basic('developer') }))
    await ask(registry, { authorization: `Bearer ${token}` })
    await ask(registry, { authorization: basic('developer') })
  }
}

function renewalsOf({ output }: AcmeLandwaiter, name: string): number {
  const lines = output().split('\n')
  return lines.filter(line => line.includes(`"certificate renewed","name":"${name}"`)).length
}

function report(
  t: Test,
  {
    landwaiter,
    pebble,
    traffic,
    transfers,
  }: {
    readonly landwaiter: AcmeLandwaiter
    readonly pebble: Pebble
    readonly traffic: Traffic
    readonly transfers: LongTransfers
  },
): void {
  const { full, resumed } = traffic.handshakes()
  const renewals = NAMES.map(name => `${name} ${renewalsOf(landwaiter, name)}`).join(', ')
  t.comment(`${traffic.requests()} requests, ${traffic.failures.length} failed; renewals: ${renewals}`)
  // Each of the places from which pebble looks comes with a connection of its own.
  const looks = [...pebble.output().matchAll(/Starting (\d+) validations/g)]
  const looked = looks.reduce((sum, [, places]) => sum + Number(places), 0)
  t.comment(`pebble looked ${looked} times`)
  t.comment(
    `handshakes: ${full} full, ${resumed} resumed; transfers across a renewal: ${transfers.crossed()}`,
  )
}
