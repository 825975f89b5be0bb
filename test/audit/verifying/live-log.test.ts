import { readFileSync } from 'node:fs'
import { appendFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { createCheckpointKeys } from '../../../src/audit/verifying/checkpoint-keys.ts'
import { verifyLog } from '../../../src/audit/verifying/verify-log.ts'
import { type ChainedLog, createChainedLog } from '../../support/chained-log.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { waitFor } from '../../support/wait-for.ts'

const ROUNDS = 60
const ACTIVE = 'audit.jsonl'

/** Lines from one rotation to the next, and rotations. */
const FILE_LINES = 25
const ROTATIONS = 12

/** Writes as the server does until it is stopped: lines in two parts, head behind them, rotations, compression. */
function writeOn(dir: string, rotate: (log: ChainedLog, round: number) => Promise<void>) {
  const log = createChainedLog()
  const active = join(dir, ACTIVE)
  let isStopped = false
  let rounds = 0
  const append = async () => {
    const line = `${log.files.get(ACTIVE)?.at(-1)}\n`
    await appendFile(active, line.slice(0, 100))
    await appendFile(active, line.slice(100))
  }
  const done = (async () => {
    while (!isStopped) {
      rounds += 1
      log.pulls(1)
      await append()
      await writeFile(join(dir, 'head.json'), log.head(), { flag: 'r+' })
      if (rounds % FILE_LINES !== 0 || rounds / FILE_LINES > ROTATIONS) continue
      await rotate(log, rounds)
      await append()
    }
  })()
  const stop = async () => {
    isStopped = true
    await done
  }
  return { log, stop, rounds: () => rounds }
}

async function verifyMany(t: Test, dir: string, log: ChainedLog): Promise<void> {
  const keys = createCheckpointKeys([{ file: 'key', text: log.publicKey }])
  const options = { file: join(dir, ACTIVE), head: join(dir, 'head.json'), keys, onProgress: () => {} }
  for (let round = 0; round < ROUNDS; round += 1) {
    const { faults, warnings, lines } = await verifyLog(options)
    const isTorn = (text: string) => text.includes('ends in a part of a line')
    t.strictSame(
      { faults, warnings: warnings.filter(text => !isTorn(text)) },
      { faults: [], warnings: [] },
      `${lines} lines`,
    )
  }
}

t.test('a log that is written, rotated and compressed meanwhile is whole', async t => {
  const dir = tempDir(t)
  await writeFile(join(dir, 'head.json'), '')
  let before: string | undefined
  const writer = writeOn(dir, async (log, round) => {
    const name = join(dir, `audit-2026-11-24T16-06-00.${round}.jsonl`)
    await rename(join(dir, ACTIVE), name)
    log.rotate(`audit-2026-11-24T16-06-00.${round}.jsonl`)
    if (before !== undefined) {
      await writeFile(`${before}.gz.part`, gzipSync(readFileSync(before)))
      await rename(`${before}.gz.part`, `${before}.gz`)
      await rm(before)
    }
    before = name
  })
  t.teardown(writer.stop)
  await waitFor('a head', () => readFileSync(join(dir, 'head.json')).length > 0)
  await verifyMany(t, dir, writer.log)
  t.ok(writer.rounds() > FILE_LINES, `${writer.rounds()} rounds`)
})

t.test('a log that logrotate renames meanwhile is whole', async t => {
  const dir = tempDir(t)
  await writeFile(join(dir, 'head.json'), '')
  let files = 0
  const writer = writeOn(dir, async log => {
    for (let number = files; number > 0; number -= 1) {
      await rename(join(dir, `${ACTIVE}.${number}`), join(dir, `${ACTIVE}.${number + 1}`))
    }
    await rename(join(dir, ACTIVE), join(dir, `${ACTIVE}.1`))
    files += 1
    log.rotate(`${ACTIVE}.1`)
  })
  t.teardown(writer.stop)
  await waitFor('a head', () => readFileSync(join(dir, 'head.json')).length > 0)
  await verifyMany(t, dir, writer.log)
  t.ok(files > 0, `${files} files`)
})
