import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { LEASE_TIMES, LeaseLost, type LeaseTimes, withLease } from '../../src/tls/lease.ts'
import { startProcess } from '../support/background-process.ts'
import { waitFor } from '../support/wait-for.ts'
import { memoryLog, temporaryDirectory } from './support.ts'

const FAST: LeaseTimes = { heartbeat: 100, stale: 600, garbled: 300, pollFirst: 10, pollMax: 40 }
/** For processes that the machine may starve for a moment: only a dead process loses the lock. */
const PATIENT: LeaseTimes = { ...FAST, heartbeat: 1_000, stale: 30_000 }
const NEVER = new AbortController().signal

function newLock(t: { teardown(step: () => unknown): unknown }, times = FAST) {
  const directory = join(temporaryDirectory(t), 'a.lock')
  const log = memoryLog()
  return { directory, log, times }
}

/** A process that takes the lock `rounds` times and notes when it held it. */
function contender(
  t: { teardown(step: () => unknown): unknown },
  { directory, times }: { readonly directory: string; readonly times: LeaseTimes },
  { rounds, holdMs }: { readonly rounds: number; readonly holdMs: number },
) {
  const script = new URL('lease-process.ts', import.meta.url).pathname
  const args = [directory, `${directory}.log`, String(rounds), String(holdMs), JSON.stringify(times)]
  return startProcess(t, [process.execPath, script, ...args])
}

/** What the processes noted; at most one of them holds the lock at any time when begin and end alternate. */
function notes(directory: string): readonly string[] {
  const file = `${directory}.log`
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

t.test('runs one work at a time, in the order of nobody, and loses none', async t => {
  const lock = newLock(t)
  let inside = 0
  let most = 0
  const results = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      withLease(
        lock,
        async () => {
          inside += 1
          most = Math.max(most, inside)
          await sleep(5)
          inside -= 1
          return index
        },
        NEVER,
      ),
    ),
  )
  t.equal(most, 1)
  t.strictSame(
    results,
    Array.from({ length: 12 }, (_, index) => index),
  )
  t.ok(readdirSync(lock.directory).length <= 8, 'old files go')
})

t.test('gives the lock up when the work fails', async t => {
  const lock = newLock(t)
  await t.rejects(
    withLease(lock, () => Promise.reject(new RangeError('no')), NEVER),
    RangeError,
  )
  t.equal(
    await withLease({ ...lock, times: LEASE_TIMES }, async () => 'next', AbortSignal.timeout(5_000)),
    'next',
  )
})

t.test('stops waiting when told to, and leaves the holder alone', async t => {
  const lock = newLock(t)
  const stop = new AbortController()
  const release = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  const holder = withLease(
    lock,
    async signal => {
      held.resolve()
      await release.promise
      return signal.aborted
    },
    NEVER,
  )
  await held.promise
  const waiting = withLease(lock, async () => t.fail('ran beside the holder'), stop.signal)
  stop.abort(new RangeError('shutdown'))
  await t.rejects(waiting, { name: 'AbortError' })
  await t.rejects(
    withLease(lock, async () => {}, AbortSignal.abort(new RangeError('shutdown'))),
    RangeError,
  )
  release.resolve()
  t.equal(await holder, false)
})

t.test('a holder that shows life keeps the lock for longer than a lease', async t => {
  const lock = newLock(t)
  const began = performance.now()
  const other = Promise.withResolvers<number>()
  await withLease(
    lock,
    async signal => {
      other.resolve(withLease(lock, async () => performance.now(), NEVER))
      while (performance.now() - began < 3 * FAST.stale) await sleep(20)
      t.notOk(signal.aborted)
    },
    NEVER,
  )
  t.ok((await other.promise) - began >= 3 * FAST.stale)
})

t.test('a lease without sign of life is taken over, and its holder told', async t => {
  const lock = newLock(t)
  // Never beats, as a process that is stopped or cut off from its disk.
  const silent = { ...lock, times: { ...FAST, heartbeat: 1_000_000 } }
  const beatsAgain = { ...lock, times: { ...FAST, heartbeat: 1_500 } }
  for (const holder of [silent, beatsAgain]) {
    const held = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const reason = withLease(
      holder,
      async signal => {
        held.resolve()
        if (holder === silent) await release.promise
        else await waitFor('the loss', () => signal.aborted)
        return signal.reason
      },
      NEVER,
    )
    await held.promise
    t.equal(await withLease(lock, async () => 'taken over', NEVER), 'taken over')
    release.resolve()
    if (holder === silent) t.equal(await reason, undefined)
    else t.type(await reason, LeaseLost)
    t.equal(await withLease(lock, async () => 'free', NEVER), 'free', 'the late release hurts nobody')
  }
  t.match(lock.log.lines[0], { message: /taken over/, fields: { reason: 'no sign of life' } })
})

t.test('an empty or garbled lock file holds nobody up for long', async t => {
  for (const text of ['', '{"pid":', '\0\0\0\0', '{}']) {
    const lock = newLock(t, { ...FAST, stale: 60_000 })
    mkdirSync(lock.directory, { mode: 0o700 })
    writeFileSync(join(lock.directory, '000000000007.lock'), text)
    t.equal(await withLease(lock, async () => 'taken', NEVER), 'taken', JSON.stringify(text))
    t.match(lock.log.lines.at(-1), { fields: { number: 7, reason: 'its file is damaged' } })
  }
})

t.test('a lock whose folder disappears is lost', async t => {
  const lock = newLock(t)
  await withLease(
    lock,
    async signal => {
      rmSync(lock.directory, { recursive: true })
      await waitFor('the loss', () => signal.aborted)
      t.type(signal.reason, LeaseLost)
    },
    NEVER,
  )
})

t.test('two processes take turns', async t => {
  const lock = newLock(t, PATIENT)
  const both = await Promise.all([1, 2].map(() => contender(t, lock, { rounds: 10, holdMs: 5 })))
  for (const child of both) t.equal(await child.exited, 0, child.output())
  const lines = notes(lock.directory)
  t.equal(lines.length, 40)
  for (let index = 0; index < lines.length; index += 2) {
    t.equal(lines[index + 1], lines[index]?.replace('begin', 'end'))
  }
})

t.test('a killed holder blocks nobody on its machine', async t => {
  // With the real times, so that only the look at the dead process can be the reason.
  const lock = newLock(t, LEASE_TIMES)
  const holder = await contender(t, lock, { rounds: 1, holdMs: 600_000 })
  await holder.ready('to hold the lock', () => notes(lock.directory).length === 1)
  await holder.stop('SIGKILL')
  const signal = AbortSignal.timeout(10_000)
  t.equal(await withLease(lock, async () => 'taken over', signal), 'taken over')
  t.match(lock.log.lines, [{ fields: { reason: 'its process has ended' } }])
})

t.test('a killed holder of another machine is waited for until its lease is up', async t => {
  const lock = newLock(t)
  const holder = await contender(t, lock, { rounds: 1, holdMs: 600_000 })
  await holder.ready('to hold the lock', () => notes(lock.directory).length === 1)
  await holder.stop('SIGKILL')
  const [file = ''] = readdirSync(lock.directory)
  const path = join(lock.directory, file)
  const text = readFileSync(path, 'utf8').replace(/"space":"[^"]+"/, '"space":"elsewhere"')
  truncateSync(path)
  writeFileSync(path, text)
  t.equal(await withLease(lock, async () => 'taken over', NEVER), 'taken over')
  t.match(lock.log.lines, [{ fields: { reason: 'no sign of life' } }])
})

t.test('of twenty processes that find a dead holder, one at a time takes over', async t => {
  const lock = newLock(t, PATIENT)
  const holder = await contender(t, lock, { rounds: 1, holdMs: 600_000 })
  await holder.ready('to hold the lock', () => notes(lock.directory).length === 1)
  const children = await Promise.all(
    Array.from({ length: 20 }, () => contender(t, lock, { rounds: 1, holdMs: 10 })),
  )
  await holder.stop('SIGKILL')
  for (const child of children) t.equal(await child.exited, 0, child.output())
  const [, ...lines] = notes(lock.directory)
  t.equal(lines.length, 40)
  for (let index = 0; index < lines.length; index += 2) {
    t.equal(lines[index + 1], lines[index]?.replace('begin', 'end'))
  }
})
