import t from 'tap'
import { type AttemptFailure, retryDelay } from '../../src/tls/retry-delay.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from './managed-support.ts'

const FAILURES: readonly AttemptFailure[] = [
  'network',
  'server',
  'limited',
  'validation',
  'replaced',
  'account',
  'refused',
  'storage',
  'preflight',
  'internal',
]

interface Row {
  readonly why: string
  readonly failure: AttemptFailure
  readonly count: number
  readonly remainingMs?: number
  readonly retryAfterMs?: number
  readonly expected: number
}

const rows: readonly Row[] = [
  {
    why: 'an authority that is away may be back in a minute',
    failure: 'network',
    count: 1,
    expected: MINUTE_MS,
  },
  { why: 'or in twenty', failure: 'server', count: 5, expected: 20 * MINUTE_MS },
  { why: 'or in six hours', failure: 'network', count: 10, expected: 6 * HOUR_MS },
  { why: 'but is not given up', failure: 'network', count: 10_000, expected: 6 * HOUR_MS },
  { why: 'failed validations are counted', failure: 'validation', count: 1, expected: 5 * MINUTE_MS },
  { why: 'twice a day is enough in the end', failure: 'validation', count: 50, expected: 12 * HOUR_MS },
  { why: 'somebody must change something', failure: 'refused', count: 1, expected: DAY_MS },
  { why: 'a full disk costs nothing to look at', failure: 'storage', count: 99, expected: MINUTE_MS / 2 },
  { why: 'neither does a name', failure: 'preflight', count: 99, expected: MINUTE_MS / 2 },
  { why: 'little time remains', failure: 'network', count: 10, remainingMs: 8 * HOUR_MS, expected: HOUR_MS },
  {
    why: 'a refusal counts less then, too',
    failure: 'refused',
    count: 1,
    remainingMs: DAY_MS,
    expected: 3 * HOUR_MS,
  },
  { why: 'hardly any time remains', failure: 'network', count: 10, remainingMs: 8_000, expected: 5_000 },
  { why: 'it has expired', failure: 'network', count: 10, remainingMs: -DAY_MS, expected: 15 * MINUTE_MS },
  { why: 'it expires now', failure: 'network', count: 10, remainingMs: 0, expected: 15 * MINUTE_MS },
  {
    why: 'hurry would use up the validations',
    failure: 'validation',
    count: 4,
    remainingMs: 60_000,
    expected: 3 * HOUR_MS,
  },
  {
    why: 'the authority asks for more',
    failure: 'limited',
    count: 1,
    retryAfterMs: 3 * HOUR_MS,
    expected: 3 * HOUR_MS,
  },
  { why: 'it asks for less', failure: 'limited', count: 5, retryAfterMs: 1_000, expected: 20 * MINUTE_MS },
  {
    why: 'it asks, whatever remains',
    failure: 'limited',
    count: 1,
    remainingMs: 60_000,
    retryAfterMs: DAY_MS,
    expected: DAY_MS,
  },
  {
    why: 'it asks for a year',
    failure: 'limited',
    count: 1,
    retryAfterMs: 365 * DAY_MS,
    expected: 7 * DAY_MS,
  },
  { why: 'it asks for nothing', failure: 'server', count: 1, retryAfterMs: 0, expected: MINUTE_MS },
]

for (const { why, expected, remainingMs, ...rest } of rows) {
  t.test(
    `waits ${expected / MINUTE_MS} minutes after ${rest.failure} number ${rest.count}: ${why}`,
    async t => {
      t.strictSame(retryDelay({ ...rest, remainingMs, random: 0.5 }), expected)
    },
  )
}

t.test('spreads every wait by a tenth', async t => {
  const at = (random: number) => retryDelay({ failure: 'network', count: 3, remainingMs: undefined, random })
  t.strictSame(Math.round(at(0)), 4.5 * MINUTE_MS)
  t.strictSame(Math.round(at(1)), 5.5 * MINUTE_MS)
})

t.test('no wait is shorter than five seconds, longer than is promised, or longer than a week', async t => {
  for (let round = 0; round < 5_000; round += 1) {
    const failure = FAILURES[Math.floor(Math.random() * FAILURES.length)] ?? 'network'
    const remainingMs =
      Math.random() < 0.2 ? undefined : (Math.random() * 2 - 1) * 10 ** (3 + 7 * Math.random())
    const retryAfterMs = Math.random() < 0.7 ? undefined : 10 ** (12 * Math.random())
    const count = 1 + Math.floor(10 ** (4 * Math.random()))
    const delay = retryDelay({ failure, count, remainingMs, retryAfterMs, random: Math.random() })
    const asked = Math.min(retryAfterMs ?? 0, 7 * DAY_MS)
    const share =
      remainingMs === undefined || remainingMs <= 0 || failure === 'validation'
        ? DAY_MS * 1.1
        : remainingMs / 8
    const isRight = delay >= 5_000 && delay >= asked && delay <= Math.max(share, 5_000, asked)
    if (!isRight) t.fail(`${delay} after ${failure} ${count}, ${remainingMs} left, asked for ${retryAfterMs}`)
  }
})
