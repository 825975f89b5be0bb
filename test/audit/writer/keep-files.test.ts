import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type FileKeeping, type KeepFilesOptions, keepFiles } from '../../../src/audit/writer/keep-files.ts'
import type { AuditEvent } from '../../../src/model/audit-event.ts'
import { auditLine } from '../../support/audit-line.ts'
import { PUSHED } from '../../support/audit-writer.ts'
import { waitFor } from '../../support/wait-for.ts'

const DAY_MS = 86_400_000
const NOW = Date.parse('2026-11-24T16:00:00Z')

/** Old files, one for each of the last `count` days with 10 lines each, and the active one. */
function oldFiles(t: Test, count: number): string {
  const dir = t.testdir()
  for (let age = count; age >= 0; age -= 1) {
    const time = new Date(NOW - age * DAY_MS).toISOString()
    const first = (count - age) * 10 + 1
    const lines = Array.from({ length: 10 }, (_, index) =>
      auditLine({ v: 1, node: 'gw-1', seq: first + index, ...PUSHED, time }),
    )
    writeFileSync(join(dir, age === 0 ? 'audit.jsonl' : nameOf(age)), lines.join(''), { mode: 0o640 })
  }
  return join(dir, 'audit.jsonl')
}

function nameOf(age: number): string {
  return `audit-${new Date(NOW - age * DAY_MS).toISOString().slice(0, 10)}T00-00-00.000.jsonl`
}

interface Kept {
  readonly keeping: FileKeeping
  readonly lines: readonly AuditEvent[]
  readonly said: readonly string[]
}

function keep(t: Test, file: string, options: Partial<KeepFilesOptions>): Kept {
  const lines: AuditEvent[] = []
  const said: string[] = []
  const say = (message: string) => void said.push(message)
  const keeping = keepFiles({
    file,
    isCompressed: false,
    maxFiles: 0,
    maxAgeMs: 0,
    neededFrom: () => undefined,
    append: async event => void lines.push(event),
    isWell: () => true,
    log: { debug: say, info: say, warn: say, error: say },
    clock: () => NOW,
    newId: () => 'id',
    ...options,
  })
  t.teardown(() => keeping.close())
  keeping.look()
  return { keeping, lines, said }
}

t.test(
  'rotated files are compressed with their mode and time, the active one and others are not',
  async t => {
    const file = oldFiles(t, 2)
    const [older, newer] = [join(file, '..', nameOf(2)), join(file, '..', nameOf(1))]
    const text = readFileSync(older, 'utf8')
    utimesSync(older, new Date(NOW - 2 * DAY_MS), new Date(NOW - 2 * DAY_MS))
    writeFileSync(`${file}.1`, text)
    writeFileSync(`${older}.gz.part`, 'left by a crash')
    keep(t, file, { isCompressed: true })
    await waitFor('compression', () => !existsSync(newer))
    t.strictSame(readdirSync(join(file, '..')).sort(), [
      `${nameOf(2)}.gz`,
      `${nameOf(1)}.gz`,
      'audit.jsonl',
      'audit.jsonl.1',
    ])
    t.equal(gunzipSync(readFileSync(`${older}.gz`)).toString(), text)
    const { mode, mtimeMs } = statSync(`${older}.gz`)
    t.equal(mode & 0o777, 0o640)
    t.equal(mtimeMs, NOW - 2 * DAY_MS)
  },
)

t.test('of a file that is there plain and compressed the compressed one stays', async t => {
  const file = oldFiles(t, 1)
  const old = join(file, '..', nameOf(1))
  writeFileSync(`${old}.gz`, 'whole')
  keep(t, file, { isCompressed: true })
  await waitFor('removal', () => !existsSync(old))
  t.equal(readFileSync(`${old}.gz`, 'utf8'), 'whole')
})

t.test('files that are too many or too old are removed, each with a line before', async t => {
  for (const [limits, left] of [
    [{ maxFiles: 2 }, 2],
    [{ maxAgeMs: 2.5 * DAY_MS }, 3],
    [{ maxFiles: 3, maxAgeMs: 30 * DAY_MS }, 3],
    [{}, 5],
  ] as const) {
    const file = oldFiles(t, 5)
    const { keeping, lines } = keep(t, file, limits)
    await waitFor('removal', () => readdirSync(join(file, '..')).length === left + 1)
    await keeping.close()
    t.equal(lines.length, 5 - left)
    t.strictSame(
      lines.map(line => [line.action, line.file, line.from_seq, line.to_seq]),
      [5, 4, 3, 2, 1].slice(0, 5 - left).map((age, index) => {
        return ['audit.prune', nameOf(age), index * 10 + 1, index * 10 + 10]
      }),
    )
  }
})

t.test('what somebody has not read yet stays, and everything while the log cannot be written', async t => {
  const file = oldFiles(t, 5)
  const needed = keep(t, file, { maxFiles: 1, neededFrom: () => 21 })
  await waitFor('removal', () => readdirSync(join(file, '..')).length === 4)
  await needed.keeping.close()
  t.equal(needed.lines.length, 2, 'the file with line 21 and later ones stay')
  const broken = keep(t, file, { maxFiles: 1, isWell: () => false })
  await broken.keeping.close()
  const refusing = keep(t, file, { maxFiles: 1, append: () => Promise.reject(new Error('full')) })
  await waitFor('refusal', () => refusing.said.length > 0)
  t.strictSame(refusing.said, ['old audit files cannot be tidied'])
  t.equal(readdirSync(join(file, '..')).length, 4)
})
