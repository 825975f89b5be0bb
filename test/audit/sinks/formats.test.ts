import t from 'tap'
import { createRetry } from '../../../src/audit/sinks/retry.ts'
import { retryAfterMs } from '../../../src/audit/sinks/retry-after.ts'
import { SendFailed } from '../../../src/audit/sinks/send-failed.ts'
import { syslogFrame } from '../../../src/audit/sinks/syslog-message.ts'
import { lineOf, recordOf } from './test-log.ts'

const frameOf = (fields: Parameters<typeof recordOf>[1], facility = 'local0') =>
  syslogFrame({ record: recordOf(7, fields), text: lineOf(7, fields) }, facility)

t.test(
  'a syslog message has its length in bytes, a priority by the outcome, and the line as it is',
  async t => {
    const frame = frameOf({})
    const [, length, message = ''] = /^(\d+) (.*)$/s.exec(frame) ?? []
    t.equal(Number(length), Buffer.byteLength(message))
    t.ok(message.endsWith(`] ${lineOf(7)}`))
    t.ok(
      message.startsWith(
        '<134>1 2026-11-24T16:06:00.007Z gw-1 landwaiter - push [landwaiter@32473 seq="7" id="01JDF3Z8K3T9V7Q6M2X4000007" action="push"',
      ),
      message,
    )
    t.match(frameOf({ outcome: 'denied' }, 'audit'), /^\d+ <108>1 /)
    t.match(frameOf({ outcome: 'failed' }, 'local7'), /^\d+ <187>1 /)
    t.match(frameOf({ outcome: 'aborted' }, 'auth'), /^\d+ <37>1 /)
  },
)

t.test('nothing that a client says leaves its place in a syslog message', async t => {
  const message = frameOf({ node: 'a b]\n', reason: 'x" evil="1"] \\ \n<0>1' })
  t.match(message, / a_b\]_ landwaiter /)
  t.ok(message.includes('reason="x\\" evil=\\"1\\"\\] \\\\ ?<0>1"]'), message)
})

t.test('waits double up to half a minute, with jitter, and as long as the receiver asks', async t => {
  const retry = createRetry(() => 1)
  const failure = new SendFailed('connect', 'gone')
  t.strictSame(
    Array.from({ length: 9 }, () => retry.next(failure)),
    [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000],
  )
  t.equal(retry.next(new SendFailed('busy', 'later', { retryAfterMs: 60_000 })), 60_000)
  retry.reset()
  t.equal(retry.next(failure), 250)
  t.equal(createRetry(() => 0).next(failure), 125)
})

t.test('reads Retry-After as seconds or as a date, and bounds it', async t => {
  const now = Date.UTC(2026, 10, 24, 16, 6, 0)
  const rows: readonly (readonly [string | undefined, number | undefined])[] = [
    ['2', 2000],
    ['Tue, 24 Nov 2026 16:06:05 GMT', 5000],
    ['Tue, 24 Nov 2026 16:05:00 GMT', 0],
    ['86400', 300_000],
    ['soon', undefined],
    [undefined, undefined],
  ]
  for (const [header, ms] of rows) t.equal(retryAfterMs(header, now), ms, header ?? 'none')
})
