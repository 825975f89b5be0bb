import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openSinks, type Sinks } from '../../../src/audit/sinks/open-sinks.ts'
import type { Log } from '../../../src/model/ports.ts'
import { waitFor } from '../../support/wait-for.ts'
import { createHttpReceiver, HTTP_KINDS } from './http-receiver.ts'
import type { Mood, Receiver } from './receiver.ts'
import { createRsyslogReceiver } from './rsyslog-receiver.ts'
import { createSyslogReceiver } from './syslog-receiver.ts'
import { createTestLog, type TestLog } from './test-log.ts'

// Outages of a minute: LANDWAITER_SINK_OUTAGE_SECONDS=60 sh test/run.sh --timeout=1200 test/audit/sinks/outages.test.ts
const OUTAGE_MS = Number(process.env['LANDWAITER_SINK_OUTAGE_SECONDS'] ?? 0.6) * 1000
const PATIENCE_MS = 60_000 + 3 * OUTAGE_MS
/** Less than the patience of the sinks. */
const SLOW_MS = 400
const MOODS: readonly Mood[] = ['error', 'busy', 'cut']
const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

const MAKERS: Readonly<Record<string, (t: Test) => Promise<Receiver & { readonly faults?: unknown[] }>>> = {
  ...Object.fromEntries(
    Object.keys(HTTP_KINDS).map(name => [name, (t: Test) => createHttpReceiver(t, name)]),
  ),
  'syslog over TCP': t => createSyslogReceiver(t, 'tcp'),
  'syslog over TLS': t => createSyslogReceiver(t, 'tls'),
  'rsyslogd over TCP': t => createRsyslogReceiver(t, 'tcp'),
  'rsyslogd over TLS': t => createRsyslogReceiver(t, 'tls'),
}

interface World {
  readonly log: TestLog
  readonly receiver: Receiver
  readonly open: () => Promise<Sinks>
  sinks: Sinks
}

/** Writes on for as long as an outage lasts, a rotation in the middle. */
async function writeThrough({ log }: World, rotate: () => void): Promise<void> {
  const end = performance.now() + OUTAGE_MS
  const half = end - OUTAGE_MS / 2
  let isRotated = false
  while (performance.now() < end) {
    log.append(20)
    if (!isRotated && performance.now() > half) {
      rotate()
      isRotated = true
    }
    await pause(20 + OUTAGE_MS / 100)
  }
  log.append(20)
}

async function arrived({ log, receiver }: World, what: string): Promise<void> {
  await waitFor(what, () => receiver.seen().includes(log.lastSeq()), PATIENCE_MS)
}

/** Has a receiver read a little now and then while `task` runs. */
async function slowly({ receiver }: World, task: () => Promise<void>): Promise<void> {
  let isOver = false
  const running = task().finally(() => {
    isOver = true
  })
  while (!isOver) {
    receiver.pause()
    await pause(SLOW_MS)
    receiver.resume()
    await pause(SLOW_MS / 20)
  }
  await running
}

async function live(world: World): Promise<void> {
  const { log, receiver } = world
  await writeThrough(world, () => log.gzip(log.rotate()))
  await receiver.start()
  await arrived(world, 'down at the start')
  await receiver.stop()
  await writeThrough(world, () => log.rotate())
  await receiver.start()
  await arrived(world, 'down in the middle')
  receiver.pause()
  log.append(4_000)
  await writeThrough(world, () => log.copyTruncate())
  receiver.resume()
  await arrived(world, 'stuck')
  log.append(4_000)
  await slowly(world, () => writeThrough(world, () => log.gzip(log.rotate())))
  await arrived(world, 'slow')
  receiver.pause()
  log.append(4_000)
  await pause(100)
  receiver.resume()
  await receiver.stop()
  await receiver.start()
  await arrived(world, 'ended while it reads')
  for (const mood of receiver.setMood === undefined ? [] : MOODS) {
    receiver.setMood?.(mood)
    log.append(150)
    await arrived(world, mood)
  }
  receiver.setMood?.('ok')
  log.append(1_000)
  await world.sinks.stop()
  await writeThrough(world, () => log.gzip(log.copyTruncate()))
  world.sinks = await world.open()
  await arrived(world, 'our own restart')
}

async function run(t: Test, name: string) {
  const receiver = await MAKERS[name]?.(t)
  if (receiver === undefined) throw new TypeError(name)
  const log = createTestLog(t)
  const open = () =>
    openSinks({
      sinks: [receiver.settings],
      file: log.file,
      directory: join(log.dir, 'sinks'),
      log: SILENT,
      clock: Date.now,
    })
  const world: World = { log, receiver, open, sinks: await open() }
  t.teardown(() => world.sinks.stop())
  const began = performance.now()
  await live(world)
  const seen = receiver.seen()
  const first = [...new Set(seen)]
  t.comment(
    `${name}: ${log.lastSeq()} lines, ${seen.length - first.length} of them again, in ${Math.round((performance.now() - began) / 1000)} s`,
  )
  return { first, written: log.lastSeq(), faults: 'faults' in receiver ? receiver.faults : [] }
}

t.test(
  'each sink down, stuck, slow, out of order and restarted: everything arrives, in order, nothing is lost',
  { timeout: 300_000 + 7 * OUTAGE_MS },
  async t => {
    const names = Object.keys(MAKERS)
    const results = await Promise.allSettled(names.map(name => run(t, name)))
    results.forEach((result, index) => {
      const name = names[index] ?? ''
      if (result.status === 'rejected') {
        t.fail(name, { reason: result.reason })
        return
      }
      const { first, written, faults } = result.value
      t.strictSame(
        first,
        Array.from({ length: written }, (_, at) => at + 1),
        `${name}: each line, in order`,
      )
      t.strictSame(faults, [], `${name}: nothing that the receiver cannot read`)
    })
  },
)
