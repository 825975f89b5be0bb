import { appendFileSync, copyFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findPlace } from '../../../src/audit/reading/find-place.ts'
import { followRecords } from '../../../src/audit/reading/follow-records.ts'
import type { Scope } from '../../support/scope.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { waitFor } from '../../support/wait-for.ts'
import { lines, writeLog } from './log-files.ts'

/** Follows a log from its end, whose last record has the number `after`. */
async function follow(t: Scope, active: string, after: number) {
  const seen: number[] = []
  const broken: string[] = []
  const ended = new AbortController()
  const place = await findPlace(active)
  const following = { active, place, after, select: () => true, signal: ended.signal }
  const done = (async () => {
    for await (const batch of followRecords(following)) {
      seen.push(...batch.found.map(({ record }) => record.seq))
      broken.push(...batch.broken.map(({ reason }) => reason))
    }
  })()
  t.teardown(async () => {
    ended.abort()
    await done
  })
  const until = (seq: number) => waitFor(`line ${seq}`, () => seen.includes(seq))
  return { seen, broken, until }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

t.test('lines come as they are written, a torn one when it is whole', async t => {
  const active = join(tempDir(t), 'audit.jsonl')
  writeLog(active, `${lines(1, 3)}${lines(4, 4).slice(0, 100)}`)
  const { seen, broken, until } = await follow(t, active, 3)
  appendFileSync(active, lines(4, 4).slice(100))
  await until(4)
  appendFileSync(active, `broken\n${lines(5, 500)}`)
  await until(500)
  t.strictSame(seen, range(4, 500))
  t.strictSame(broken, ['it is no JSON object'])
})

t.test('a rename is followed, and the old file while the writer still has it', async t => {
  const active = join(tempDir(t), 'audit.jsonl')
  writeLog(active, lines(1, 3))
  const { seen, until } = await follow(t, active, 3)
  renameSync(active, `${active}.1`)
  appendFileSync(`${active}.1`, lines(4, 5))
  await until(5)
  writeFileSync(active, '')
  appendFileSync(`${active}.1`, lines(6, 6))
  await until(6)
  appendFileSync(`${active}.1`, lines(7, 7))
  writeFileSync(active, lines(8, 9))
  await until(9)
  t.strictSame(seen, range(4, 9))
})

t.test('files that came and went between two looks are read, compressed ones too', async t => {
  const active = join(tempDir(t), 'audit.jsonl')
  const rotated = (second: number, suffix = '') =>
    active.replace('.jsonl', `-2026-11-24T16-06-0${second}.123.jsonl${suffix}`)
  writeLog(active, lines(1, 3))
  const { seen, until } = await follow(t, active, 3)
  await t.resolves(findPlace(active))
  renameSync(active, rotated(1))
  appendFileSync(rotated(1), lines(4, 5))
  writeLog(rotated(2, '.gz'), lines(6, 7))
  writeLog(rotated(3), lines(8, 9))
  writeLog(active, lines(10, 11))
  await until(11)
  t.strictSame(seen, range(4, 11))
})

t.test('a file that is copied and truncated is followed, and what the copy has more is read', async t => {
  const active = join(tempDir(t), 'audit.jsonl')
  writeLog(active, lines(1, 3))
  const { seen, until } = await follow(t, active, 3)
  appendFileSync(active, lines(4, 4))
  await until(4)
  appendFileSync(active, lines(5, 6))
  copyFileSync(active, `${active}.1`)
  truncateSync(active)
  // Longer at once than it was: its size does not tell.
  appendFileSync(active, lines(7, 100))
  await until(100)
  t.strictSame(seen, range(4, 100))
})

t.test('a log that is not there yet is waited for', async t => {
  const active = join(tempDir(t), 'audit.jsonl')
  const { seen, until } = await follow(t, active, -1)
  writeLog(active, lines(1, 2))
  await until(2)
  t.strictSame(seen, [1, 2])
})
