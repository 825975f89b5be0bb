import t from 'tap'
import { believableState } from '../../src/tls/believable-state.ts'
import { type CertificateState, NEW_STATE } from '../../src/tls/certificate-state.ts'
import { certificateTiming } from '../../src/tls/certificate-timing.ts'
import { parseKeyPair } from '../../src/tls/key-pair.ts'
import type { StoredCertificate } from '../../src/tls/stored-certificate.ts'
import { DAY_MS, fakeClock, HOUR_MS, issued, MINUTE_MS, START } from './managed-support.ts'

/** A certificate of generation 3 that was obtained at START. */
async function present(lifeMs = 90 * DAY_MS): Promise<StoredCertificate> {
  const { key, chain, ...origin } = await issued(fakeClock(), { lifeMs })
  const file = (text: string) => ({ file: 'test', text })
  const pair = parseKeyPair({ certificate: file(chain), key: file(key.reveal()) })
  return { generation: 3, name: 'registry.test', ...origin, pair }
}

const failures = (nextAt: number, change: Partial<NonNullable<CertificateState['failures']>> = {}) => ({
  failures: {
    count: 1,
    validations: 0,
    failure: 'network',
    message: 'away',
    at: START,
    nextAt,
    setup: 'now',
    ...change,
  },
})

t.test('without a certificate one is due now, or after a failure at its time', async t => {
  t.strictSame(certificateTiming({ current: undefined, state: NEW_STATE }), {
    renewalAt: undefined,
    dueAt: 0,
    askAt: Number.POSITIVE_INFINITY,
    nextAt: 0,
  })
  const state = { ...NEW_STATE, ...failures(START + HOUR_MS) }
  t.strictSame(certificateTiming({ current: undefined, state }).nextAt, START + HOUR_MS)
})

t.test('asks for the window of a new certificate now, though it is not due', async t => {
  const {
    renewalAt = 0,
    dueAt,
    askAt,
    nextAt,
  } = certificateTiming({ current: await present(), state: NEW_STATE })
  t.ok(renewalAt > START + 58 * DAY_MS)
  t.strictSame({ dueAt, askAt, nextAt }, { dueAt: renewalAt, askAt: 0, nextAt: 0 })
})

for (const { why, generation, isHeeded } of [
  { why: 'heeds the window of the present certificate', generation: 3, isHeeded: true },
  { why: 'ignores the window of the one before', generation: 2, isHeeded: false },
  { why: 'ignores the window of one that is not there', generation: 4, isHeeded: false },
]) {
  t.test(why, async t => {
    const window = { start: START + 10 * DAY_MS, end: START + 12 * DAY_MS }
    const renewal = { generation, spread: 0.5, window, askAt: START + HOUR_MS }
    const timing = certificateTiming({ current: await present(), state: { ...NEW_STATE, renewal } })
    t.strictSame(timing.renewalAt === START + 11 * DAY_MS, isHeeded)
    t.strictSame(timing.askAt, isHeeded ? START + HOUR_MS : 0)
  })
}

t.test('a revoked certificate is due now, but a failure is still waited for', async t => {
  const current = { ...(await present()), revokedAt: START }
  const state = { ...NEW_STATE, obtained: [START] }
  t.strictSame(certificateTiming({ current, state }).dueAt, 0)
  const failed = { ...state, ...failures(START + MINUTE_MS) }
  t.strictSame(certificateTiming({ current, state: failed }).dueAt, START + MINUTE_MS)
})

t.test('a failure does not make the renewal earlier', async t => {
  const { renewalAt, dueAt } = certificateTiming({
    current: await present(),
    state: { ...NEW_STATE, ...failures(START) },
  })
  t.strictSame(dueAt, renewalAt)
})

for (const { why, lifeMs, obtained, expected } of [
  {
    why: 'a day after the last order',
    lifeMs: 90 * DAY_MS,
    obtained: [START + 70 * DAY_MS],
    expected: START + 71 * DAY_MS,
  },
  {
    why: 'a tenth of a short life after it',
    lifeMs: MINUTE_MS,
    obtained: [START + 40_000],
    expected: START + 46_000,
  },
  {
    why: 'at the end at the latest',
    lifeMs: DAY_MS,
    obtained: [START + 99 * DAY_MS],
    expected: START + DAY_MS - HOUR_MS,
  },
  {
    why: 'at its time when there was no order, as after an import',
    lifeMs: MINUTE_MS,
    obtained: [],
    expected: undefined,
  },
]) {
  t.test(`what is due is ordered ${why}`, async t => {
    const { dueAt, renewalAt } = certificateTiming({
      current: await present(lifeMs),
      state: { ...NEW_STATE, obtained },
    })
    t.strictSame(dueAt, expected ?? renewalAt)
  })
}

t.test('failures of another configuration and times of a wrong clock are forgotten', async t => {
  const believe = (change: Partial<CertificateState>) =>
    believableState({ ...NEW_STATE, ...change }, { setup: 'now', now: START })
  t.strictSame(believe(failures(START + DAY_MS)).failures?.nextAt, START + DAY_MS)
  t.strictSame(believe(failures(START + DAY_MS, { setup: 'before' })).failures, undefined)
  t.strictSame(believe(failures(START + 9 * DAY_MS, { at: START + DAY_MS })).failures, undefined)
  t.ok(
    believe(failures(START + DAY_MS, { at: START + MINUTE_MS })).failures,
    'clocks are never quite the same',
  )
  const waitUntil = { near: START + 7 * DAY_MS, far: START + 8 * DAY_MS }
  t.strictSame(believe({ waitUntil }).waitUntil, { near: START + 7 * DAY_MS })
  const renewal = { generation: 1, spread: 0.25, askAt: START + 2 * DAY_MS }
  t.strictSame(believe({ renewal }).renewal, { ...renewal, askAt: START })
  t.strictSame(believe({ renewal: { ...renewal, askAt: START + DAY_MS } }).renewal?.askAt, START + DAY_MS)
})
