import t from 'tap'
import { createReadiness, formatReadiness } from '../../src/ops/health.ts'

t.test('is ready when every check says so', async t => {
  const check = createReadiness({ upstream: () => undefined, audit: async () => undefined })
  const result = await check()
  t.strictSame(result, {
    ready: true,
    checks: [
      { name: 'upstream', ok: true, message: 'ok' },
      { name: 'audit', ok: true, message: 'ok' },
    ],
  })
  t.equal(formatReadiness(result, { verbose: false }), 'ok\n')
  t.equal(formatReadiness(result, { verbose: true }), '[+]upstream ok\n[+]audit ok\nreadyz check passed\n')
  t.strictSame(await createReadiness({})(), { ready: true, checks: [] })
})

t.test('names what fails, throws or hangs, in one line each', async t => {
  const check = createReadiness(
    {
      upstream: () => undefined,
      audit: async () => 'disk\nfull\u001b[31m\u202e',
      config: () => {
        throw new Error('bad')
      },
      certificate: () => Promise.reject('no error object'),
      slow: () => new Promise(() => {}),
    },
    10,
  )
  const result = await check()
  const text =
    '[+]upstream ok\n[-]audit failed: disk full [31m \n[-]config failed: bad\n' +
    '[-]certificate failed: no error object\n[-]slow failed: no answer within 10 ms\nreadyz check failed\n'
  t.equal(result.ready, false)
  t.equal(formatReadiness(result, { verbose: false }), text)
  t.equal(formatReadiness(result, { verbose: true }), text)
})

t.test('does not pile up runs of a check that hangs', async t => {
  const waiting: (() => void)[] = []
  const check = createReadiness(
    { slow: () => new Promise(resolve => waiting.push(() => resolve(undefined))) },
    5,
  )
  t.equal((await check()).ready, false)
  t.equal((await check()).ready, false)
  t.equal(waiting.length, 1)
  const third = check()
  waiting[0]?.()
  t.equal((await third).ready, true, 'a late answer counts for whoever waits for it')
  const fourth = check()
  t.equal(waiting.length, 2)
  waiting[1]?.()
  t.equal((await fourth).ready, true)
})
