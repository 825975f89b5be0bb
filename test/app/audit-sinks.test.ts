import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openAuditSinks } from '../../src/app/audit-sinks/open-audit-sinks.ts'
import { startSinksThread } from '../../src/app/audit-sinks/start-sinks-thread.ts'
import type { SinkReport } from '../../src/audit/sinks/sink-report.ts'
import { createHttpReceiver } from '../audit/sinks/http-receiver.ts'
import { createTestLog } from '../audit/sinks/test-log.ts'
import { waitFor } from '../support/wait-for.ts'

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

async function world(t: Parameters<typeof createTestLog>[0]) {
  const testLog = createTestLog(t)
  const receiver = await createHttpReceiver(t, 'http')
  const said: string[] = []
  const reports: SinkReport[] = []
  const say = (message: string) => void said.push(message)
  const options = {
    settings: [receiver.settings],
    file: testLog.file,
    directory: join(testLog.dir, 'sinks'),
    log: { debug: say, info: say, warn: say, error: say },
    onReport: (report: SinkReport) => void reports.push(report),
  }
  return { testLog, receiver, said, reports, options }
}

t.test('a thread that dies is started again, and goes on where it was', async t => {
  const { testLog, receiver, said, options } = await world(t)
  const die: (() => Promise<void>)[] = []
  await receiver.start()
  const sinks = await openAuditSinks({
    ...options,
    start: (setup, effects) => {
      const thread = startSinksThread(setup, effects)
      die.push(async () => {
        await thread.end()
        effects.onDeath(new Error('out of memory'))
      })
      return thread
    },
  })
  t.teardown(() => sinks.close(AbortSignal.abort()))
  testLog.append(50)
  sinks.wake()
  await waitFor('its position', () => sinks.oldestNeededSeq() === 51)
  await die[0]?.()
  testLog.append(50)
  sinks.wake()
  t.equal(sinks.oldestNeededSeq(), 51, 'what it needs is known all the while')
  await waitFor('the other lines', () => receiver.seen().includes(100))
  t.strictSame(receiver.seen(), upTo(100))
  t.strictSame(said, ['the thread of the audit sinks has failed; it is started again'])
})

t.test('a new sink begins with the next line, with backfill with the oldest', async t => {
  const { testLog, receiver, options } = await world(t)
  await receiver.start()
  testLog.append(10)
  const settings = [{ ...receiver.settings, backfill: false }]
  const sinks = await openAuditSinks({ ...options, settings })
  t.teardown(() => sinks.close(AbortSignal.abort()))
  t.equal(sinks.oldestNeededSeq(), 11)
  testLog.append(2)
  sinks.wake()
  await waitFor('the next lines', () => receiver.seen().length === 2)
  t.strictSame(receiver.seen(), [11, 12])
})

t.test('keeps what the slowest sink needs, and forgets a sink that is taken away', async t => {
  const { testLog, receiver, options } = await world(t)
  const down = await createHttpReceiver(t, 'otlp')
  await receiver.start()
  testLog.append(10)
  const sinks = await openAuditSinks({ ...options, settings: [receiver.settings, down.settings] })
  t.teardown(() => sinks.close(AbortSignal.abort()))
  t.equal(sinks.oldestNeededSeq(), 1)
  await waitFor('ten lines', () => sinks.states()[0]?.position === 10)
  t.equal(sinks.oldestNeededSeq(), 1)
  t.strictSame(
    [...(await sinks.lags())],
    [
      ['http', 0],
      ['otlp', 10],
    ],
  )
  await waitFor('a failure', () => sinks.states()[1]?.failing !== undefined)
  await sinks.use([receiver.settings])
  t.equal(sinks.oldestNeededSeq(), 11)
  testLog.append(1)
  sinks.wake()
  await waitFor('the next line', () => receiver.seen().includes(11))
  t.strictSame(receiver.seen(), upTo(11), 'none of them again')
  await sinks.use([])
  t.equal(sinks.oldestNeededSeq(), undefined)
})

t.test('a stop sends what is there, and leaves the rest to the next start', async t => {
  const { testLog, receiver, options } = await world(t)
  await receiver.start()
  const sinks = await openAuditSinks(options)
  testLog.append(3_000)
  await sinks.close(new AbortController().signal)
  t.strictSame(receiver.seen(), upTo(3_000))
  const file = join(options.directory, 'http.json')
  t.equal(readFileSync(file, 'utf8'), '{"seq":3000}\n')
  await receiver.stop()
  testLog.append(5)
  const second = await openAuditSinks(options)
  testLog.append(5)
  await second.close(new AbortController().signal)
  await receiver.start()
  const third = await openAuditSinks(options)
  await third.close(new AbortController().signal)
  t.strictSame(receiver.seen(), upTo(3_010))
})

t.test('a position that cannot be read stops the start', async t => {
  const { options } = await world(t)
  await (await openAuditSinks(options)).close(AbortSignal.abort())
  const file = join(options.directory, 'http.json')
  t.ok(existsSync(file))
  writeFileSync(file, 'nonsense')
  await t.rejects(openAuditSinks(options), {
    message: `${file} holds no position; write {"seq": N} to it, the last line that the receiver has, or remove it`,
  })
})

t.test('without a file nothing runs', async t => {
  const { options } = await world(t)
  const sinks = await openAuditSinks({ ...options, file: '-', start: () => t.fail('a thread') as never })
  sinks.wake()
  t.equal(sinks.oldestNeededSeq(), undefined)
  await sinks.close(new AbortController().signal)
})
