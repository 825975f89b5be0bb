import t from 'tap'
import { renewalTime, warningTime } from '../../src/tls/renewal-time.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, START } from './managed-support.ts'

/** Of a certificate that begins at START and was obtained an hour later, as authorities backdate them. */
function after(
  lifeMs: number,
  { window, spread = 0.5 }: { readonly window?: readonly [number, number]; readonly spread?: number } = {},
): number {
  const facts = { notBefore: START, notAfter: START + lifeMs, spread }
  const obtainedAt = START + Math.min(HOUR_MS, lifeMs / 10)
  const at = window?.map(ms => START + ms)
  const told = at === undefined ? {} : { window: { start: at[0] ?? 0, end: at[1] ?? 0 } }
  return renewalTime({ ...facts, ...told, obtainedAt }) - START
}

for (const { why, lifeMs, expected } of [
  { why: 'two thirds of 90 days, less a hundredth', lifeMs: 90 * DAY_MS, expected: 59.1 * DAY_MS },
  { why: 'two thirds of 45 days', lifeMs: 45 * DAY_MS, expected: 29.55 * DAY_MS },
  { why: 'a half of six days', lifeMs: 6 * DAY_MS, expected: 2.94 * DAY_MS },
  { why: 'a half of a minute', lifeMs: MINUTE_MS, expected: 29_400 },
  { why: 'ten days are not short', lifeMs: 10 * DAY_MS, expected: (6.6667 - 0.1) * DAY_MS },
  { why: 'ten years', lifeMs: 3650 * DAY_MS, expected: (3650 * (2 / 3) - 36.5) * DAY_MS },
]) {
  t.test(`renews after ${why}`, async t => {
    t.ok(Math.abs(after(lifeMs) - expected) < lifeMs / 10_000, `${after(lifeMs) / DAY_MS} days`)
  })
}

t.test('spreads renewals without a window over a fiftieth of the life', async t => {
  const life = 100 * DAY_MS
  t.ok(Math.abs(after(life, { spread: 0 }) - after(life, { spread: 1 }) - 2 * DAY_MS) < 1)
})

const life = 90 * DAY_MS
for (const { why, window, spread = 0.5, expected } of [
  { why: 'the middle of the window', window: [40, 42], expected: 41 },
  { why: 'the beginning of the window', window: [40, 42], spread: 0, expected: 40 },
  { why: 'the end of the window', window: [40, 42], spread: 1, expected: 42 },
  {
    why: 'now for a window in the past, but a day after it was obtained',
    window: [-9, -8],
    expected: 1 + 1 / 24,
  },
  {
    why: 'not later than at a quarter of the life for a window after the end',
    window: [200, 201],
    expected: 67.5,
  },
  { why: 'not later for one that begins shortly before the end', window: [88, 89], expected: 67.5 },
  { why: 'as without a window for one that is the whole life', window: [0, 90], expected: 59.1 },
  { why: 'as without a window for one that is wider than the life', window: [-5, 400], expected: 59.1 },
  { why: 'in a window that is wide but within the life', window: [1, 89], expected: 45 },
] as readonly { why: string; window: readonly [number, number]; spread?: number; expected: number }[]) {
  t.test(`renews, ${why}`, async t => {
    const [start, end] = window
    const days = after(life, { window: [start * DAY_MS, end * DAY_MS], spread }) / DAY_MS
    t.ok(Math.abs(days - expected) < 0.01, `${days} days`)
  })
}

t.test('a window makes no certificate due in the first tenth of a short life', async t => {
  t.strictSame(after(MINUTE_MS, { window: [-1000, 0] }), 6_000)
})

t.test('whatever the window says, there is time left to renew', async t => {
  for (let round = 0; round < 2_000; round += 1) {
    const lifeMs = 10 ** (4 + 7 * Math.random())
    const [one, other] = [Math.random(), Math.random()].map(share => (share * 4 - 2) * lifeMs)
    const window = [Math.min(one ?? 0, other ?? 0), Math.max(one ?? 0, other ?? 0)] as const
    const at = after(lifeMs, { window, spread: Math.random() })
    if (!(at >= Math.min(lifeMs / 10, DAY_MS) - 1 && at <= lifeMs * 0.76))
      t.fail(`${at} of ${lifeMs} for ${window}`)
  }
})

for (const { why, lifeMs, expected } of [
  { why: '14 days before the end of 90', lifeMs: 90 * DAY_MS, expected: 14 * DAY_MS },
  { why: 'half of what remains at the renewal of 45 days', lifeMs: 45 * DAY_MS, expected: 7.5 * DAY_MS },
  { why: 'half of what remains at the renewal of six days', lifeMs: 6 * DAY_MS, expected: 1.5 * DAY_MS },
]) {
  t.test(`warns ${why}`, async t => {
    const notAfter = START + lifeMs
    t.strictSame(notAfter - warningTime({ notBefore: START, notAfter }), expected)
  })
}
