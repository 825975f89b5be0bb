import { appendFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { followLog } from '../../../src/audit/sinks/follow-log.ts'
import { waitFor } from '../../support/wait-for.ts'
import { createTestLog, lineOf, type TestLog } from './test-log.ts'

function follow(t: Test, log: TestLog, after = 0, patienceMs = 300) {
  const faults: string[] = []
  const follower = followLog({ file: log.file, after, onFault: fault => faults.push(fault), patienceMs })
  t.teardown(() => follower.close())
  const seen: number[] = []
  const read = async () => {
    const lines = await follower.read()
    seen.push(...lines.map(({ record }) => record.seq))
    return lines
  }
  return {
    faults,
    seen,
    /** Reads until there is nothing new. */
    catchUp: async () => {
      while ((await read()).length > 0);
      return seen
    },
    until: (seq: number) =>
      waitFor(`line ${seq}`, async () => {
        await read()
        return seen.at(-1) === seq
      }),
  }
}

const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

t.test('reads whole lines as they are written, and a torn one when it is whole', async t => {
  const log = createTestLog(t)
  const follower = follow(t, log)
  t.strictSame(await follower.catchUp(), [], 'no file yet')
  log.append(3)
  t.strictSame(await follower.catchUp(), [1, 2, 3])
  const next = `${lineOf(4)}\n`
  appendFileSync(log.file, next.slice(0, 100))
  t.strictSame(await follower.catchUp(), [1, 2, 3])
  appendFileSync(log.file, next.slice(100))
  t.strictSame(await follower.catchUp(), [1, 2, 3, 4])
  appendFileSync(log.file, lineOf(99).slice(0, 50))
  await follower.catchUp()
  truncateSync(log.file, readFileSync(log.file).lastIndexOf(0x0a) + 1)
  log.skipTo(5)
  log.append()
  t.strictSame(await follower.catchUp(), [1, 2, 3, 4, 5], 'a torn line that was cut off is none')
  t.strictSame(follower.faults, [])
})

t.test('gives each line as it stands in the file', async t => {
  const log = createTestLog(t)
  log.append(2)
  const follower = followLog({ file: log.file, after: 1, onFault: t.fail })
  t.teardown(() => follower.close())
  const [line] = await follower.read()
  t.equal(line?.text, lineOf(2))
  t.strictSame(line?.record, JSON.parse(lineOf(2)))
})

t.test('begins behind a number wherever that line is', async t => {
  const log = createTestLog(t)
  for (const rotation of [1, 2, 3]) {
    log.append(2_000)
    const name = log.rotate()
    if (rotation < 3) log.gzip(name)
  }
  log.append(5_000)
  mkdirSync(join(log.dir, 'audit-20261101.jsonl'))
  writeFileSync(join(log.dir, 'audit.jsonl-20261101.gz.part'), 'unfinished')
  for (const after of [0, 1, 1_999, 2_000, 4_001, 5_999, 6_000, 6_001, 10_998, 11_000]) {
    const follower = follow(t, log, after)
    if (after < 11_000) await follower.until(11_000)
    t.strictSame(await follower.catchUp(), upTo(11_000, after + 1), `after ${after}`)
    t.strictSame(follower.faults, [])
  }
})

t.test('begins with the oldest file, even while it is being compressed', async t => {
  const log = createTestLog(t)
  log.append(3)
  const name = log.rotate()
  log.append(3)
  const compressed = gzipSync(readFileSync(name))
  writeFileSync(`${name}.gz`, compressed.subarray(0, 5))
  const follower = follow(t, log, 0, 60_000)
  t.strictSame(await follower.catchUp(), [], 'the second file is not the beginning')
  writeFileSync(`${name}.gz`, compressed)
  rmSync(name)
  t.strictSame(await follower.catchUp(), upTo(6))
  t.strictSame(follower.faults, [])
})

t.test('begins with the first line, however a rotation falls into its first look', async t => {
  for (let turns = 0; turns < 60; turns++) {
    const log = createTestLog(t)
    log.append(3)
    const follower = follow(t, log, 0, 60_000)
    // The file may be gone when it is opened; then it is read again.
    const caughtUp = follower.catchUp().catch(() => undefined)
    for (let turn = 0; turn < turns % 30; turn++) await nextTurn()
    log.gzip(log.rotate())
    log.append(3)
    await caughtUp
    await follower.until(6)
    t.strictSame(follower.seen, upTo(6), `after ${turns % 30} turns`)
    t.strictSame(follower.faults, [])
  }
})

t.test('begins in time though a file beside the log is none of it', async t => {
  const log = createTestLog(t)
  log.append(3)
  writeFileSync(`${log.file}-20261101`, 'something else')
  const follower = follow(t, log)
  await follower.until(3)
  t.strictSame(follower.seen, upTo(3))
})

t.test('goes through a rotation whose writer goes on with the renamed file', async t => {
  const log = createTestLog(t)
  const follower = follow(t, log)
  log.append(3)
  await follower.catchUp()
  const name = log.rotate()
  t.strictSame(await follower.catchUp(), upTo(3), 'no file has the name')
  appendFileSync(name, `${lineOf(4)}\n${lineOf(5)}\n`)
  t.strictSame(await follower.catchUp(), upTo(5))
  writeFileSync(log.file, '')
  appendFileSync(name, `${lineOf(6)}\n`)
  t.strictSame(await follower.catchUp(), upTo(6), 'the new file is empty')
  appendFileSync(name, `${lineOf(7)}\n`)
  log.skipTo(8)
  log.append(2)
  t.strictSame(await follower.catchUp(), upTo(9))
  for (let rotation = 0; rotation < 4; rotation++) {
    log.gzip(log.rotate())
    log.append(3)
  }
  t.strictSame(await follower.catchUp(), upTo(21), 'four rotations since the last look')
  t.strictSame(follower.faults, [])
})

t.test('goes through copy and truncate, read before or not, and however much was written since', async t => {
  const log = createTestLog(t)
  const follower = follow(t, log)
  log.append(10)
  await follower.catchUp()
  log.append(5)
  log.copyTruncate()
  t.strictSame(await follower.catchUp(), upTo(15), 'what was not read is in the copy')
  log.append(1)
  await follower.catchUp()
  log.append(3)
  log.gzip(log.copyTruncate())
  log.append(2)
  await follower.until(21)
  t.strictSame(follower.seen, upTo(21))
  log.append(2)
  log.copyTruncate()
  log.append(500)
  await follower.until(523)
  t.strictSame(follower.seen, upTo(523), 'the file is longer again than it was')
  t.strictSame(follower.faults, [])
})

t.test('waits for a compressed file that is not whole yet', async t => {
  const log = createTestLog(t)
  log.append(3_000)
  const name = log.rotate()
  log.append(10)
  const whole = gzipSync(readFileSync(name))
  rmSync(name)
  writeFileSync(`${name}.gz`, whole.subarray(0, whole.length / 2))
  const follower = follow(t, log, 100, 60_000)
  await follower.catchUp()
  t.ok(follower.seen.length < 2_900)
  writeFileSync(`${name}.gz`, whole)
  await follower.until(3_010)
  t.strictSame(follower.seen, upTo(3_010, 101))
  t.strictSame(follower.faults, [])
})

t.test('says what is missing, and goes on behind it', async t => {
  const log = createTestLog(t)
  log.append(5)
  const follower = follow(t, log)
  await follower.catchUp()
  log.append(5)
  rmSync(log.rotate())
  log.append(2)
  await follower.until(12)
  t.strictSame(follower.seen, [...upTo(10), 11, 12], 'the removed file was still open')
  log.rotate()
  log.skipTo(20)
  log.append(2)
  await follower.until(21)
  t.strictSame(follower.faults, ['the lines 13 to 19 are missing'])
})

t.test('an audit.gap says itself which numbers no line has', async t => {
  const log = createTestLog(t)
  log.append(5)
  log.skipTo(9)
  log.append(1, { action: 'audit.gap', kind: 'audit', from_seq: 6, to_seq: 8, count: 3 })
  log.append(1)
  const follower = follow(t, log)
  t.strictSame(await follower.catchUp(), [1, 2, 3, 4, 5, 9, 10])
  const later = follow(t, log, 5)
  t.strictSame(await later.catchUp(), [9, 10])
  t.strictSame([...follower.faults, ...later.faults], [])
})

t.test('passes over what is no line, and says so', async t => {
  const log = createTestLog(t)
  log.append(2)
  appendFileSync(log.file, '{"v":1,"seq":"three"}\n')
  log.append(2)
  appendFileSync(log.file, `${'x'.repeat(600_000)}\n`)
  log.append(1)
  const follower = follow(t, log)
  await follower.until(5)
  t.strictSame(follower.seen, upTo(5))
  t.ok(follower.faults.length > 1)
  t.match(follower.faults[0], /audit\.jsonl has a line that is none: it has no time/)
  const later = follow(t, log, 5)
  t.strictSame(await later.catchUp(), [])
})

t.test('a log that begins anew is sent from its beginning', async t => {
  const log = createTestLog(t)
  log.append(3)
  const follower = follow(t, log, 700)
  t.strictSame(await follower.catchUp(), upTo(3))
  t.match(follower.faults, ['the log ends with line 3 though line 700 was sent: it is sent again'])
})
