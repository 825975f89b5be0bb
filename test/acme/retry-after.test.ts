import t from 'tap'
import { parseRetryAfter } from '../../src/acme/retry-after.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
const DAY_MS = 86_400_000

for (const { header, ms, why } of [
  { header: '120', ms: 120_000, why: 'seconds' },
  { header: ' 0 ', ms: 0, why: 'no time at all' },
  { header: 'Fri, 02 Jan 2026 03:05:05 GMT', ms: 60_000, why: 'a date' },
  { header: 'Fri, 02 Jan 2026 03:00:00 GMT', ms: 0, why: 'a date of the past' },
  { header: '9999999999', ms: 30 * DAY_MS, why: 'more than a month' },
  { header: 'Fri, 02 Jan 2126 03:04:05 GMT', ms: 30 * DAY_MS, why: 'a date in a century' },
  { header: '-5', ms: undefined, why: 'nothing that is a time' },
  { header: '', ms: undefined, why: 'nothing' },
  { header: 'soon', ms: undefined, why: 'a word' },
  { header: undefined, ms: undefined, why: 'no header' },
]) {
  t.test(`understands ${why}`, async t => {
    t.equal(parseRetryAfter(header, NOW), ms)
  })
}
