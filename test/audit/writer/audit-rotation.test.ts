import { readdirSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import t from 'tap'
import { listAuditFiles } from '../../../src/audit/reading/list-audit-files.ts'
import { auditRecords, auditTexts, brokenLink } from '../../support/audit-lines.ts'
import { openWriter, PUSHED } from '../../support/audit-writer.ts'
import { waitFor } from '../../support/wait-for.ts'

const MAX = 64 * 1024
const chained = { isChained: true, rotation: { maxSize: MAX, isDaily: false } } as const

/** Every line of the log, oldest file first. */
async function allTexts(file: string): Promise<readonly string[]> {
  const { files } = await listAuditFiles(file)
  return files.flatMap(({ path }) => auditTexts(path))
}

function numbersOf(texts: readonly string[]): readonly number[] {
  return texts.map(text => JSON.parse(text).seq)
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

t.test('a log of the largest size goes on in a new file; no line is lost or doubled', async t => {
  const file = join(t.testdir(), 'audit.jsonl')
  const { sink } = await openWriter(t, file, chained)
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(upTo(50).map(() => sink.append(PUSHED)))
  }
  await sink.close()
  const { files } = await listAuditFiles(file)
  t.ok(files.length > 5, `${files.length} files`)
  const texts = await allTexts(file)
  t.equal(brokenLink(texts), undefined)
  t.strictSame(numbersOf(texts), upTo(texts.length))
  t.equal(texts.filter(text => text.includes('"action":"push"')).length, 1000)
  for (const [index, { path }] of files.entries()) {
    const records = auditRecords(path)
    t.equal(records.at(-1)?.action, 'audit.checkpoint', 'a file ends with a signature')
    const before = files[index - 1]
    if (before === undefined) continue
    t.match(records[0], { action: 'audit.rotate', file: basename(before.path) })
    t.match(basename(before.path), /^audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.jsonl$/)
  }
})

t.test('a day begins with a new file', async t => {
  const file = join(t.testdir(), 'audit.jsonl')
  let now = Date.parse('2026-11-24T23:59:59Z')
  const options = { rotation: { maxSize: 0, isDaily: true }, clock: () => now }
  const { sink } = await openWriter(t, file, options)
  const at = () => ({ ...PUSHED, time: new Date(now).toISOString() })
  await sink.append(at())
  now += 2000
  await sink.append(at())
  await sink.append(at())
  await sink.close()
  t.strictSame(
    auditRecords(file).map(({ action }) => action),
    ['audit.rotate', 'push', 'push'],
  )
  now += 86_400_000
  const next = await openWriter(t, file, options)
  await next.sink.append(at())
  t.match(auditRecords(file)[0], { action: 'audit.rotate', file: 'audit-2026-11-26T00-00-01.000.jsonl' })
})

t.test('a rotation that cannot be done leaves the log where it is', async t => {
  const dir = t.testdir()
  const file = join(dir, 'audit.jsonl')
  const now = Date.parse('2026-11-24T16:06:00.123Z')
  const { sink, said } = await openWriter(t, file, { ...chained, clock: () => now })
  await sink.append(PUSHED)
  renameSync(file, `${file}.1`)
  await Promise.all(upTo(300).map(() => sink.append(PUSHED)))
  t.strictSame(said, ['error: the audit log cannot be rotated; it goes on in the same file'])
  t.strictSame(numbersOf(auditTexts(`${file}.1`)).at(-1), 302, 'with one checkpoint')
})

t.test('a rename with a signal in the middle of everything loses no line', async t => {
  const file = join(t.testdir(), 'audit.jsonl')
  const { sink } = await openWriter(t, file, { isChained: true })
  const appends: Promise<void>[] = []
  for (let round = 1; round <= 10; round += 1) {
    appends.push(...upTo(100).map(() => sink.append(PUSHED)))
    renameSync(file, `${file}.${100 - round}`)
    appends.push(...upTo(100).map(() => sink.append(PUSHED)))
    await sink.reopen()
    t.match(auditRecords(file)[0], { action: 'audit.rotate', file: `audit.jsonl.${100 - round}` })
  }
  await Promise.all(appends)
  await sink.reopen()
  await sink.close()
  const texts = await allTexts(file)
  t.strictSame(numbersOf(texts), upTo(texts.length))
  t.equal(brokenLink(texts), undefined)
  t.equal(texts.filter(text => text.includes('"action":"audit.rotate"')).length, 10)
})

t.test('a copy with a truncation behind it is noticed and told', async t => {
  const file = join(t.testdir(), 'audit.jsonl')
  const { sink, said } = await openWriter(t, file, { isChained: true })
  await Promise.all(upTo(20).map(() => sink.append(PUSHED)))
  await copyFile(file, `${file}.1`)
  truncateSync(file, 0)
  await waitFor('the writer to look', async () => {
    await sink.append(PUSHED)
    return said.length > 0
  })
  await sink.close()
  const noticed = auditRecords(file).filter(({ action }) => action === 'audit.rotate')
  t.match(noticed, [{ reason: /shortened by another program/ }])
  t.equal(brokenLink(await allTexts(file)), undefined)
  t.strictSame(said, ['warn: the audit log was shortened by another program'])
})

t.test('a crash between the rename and the first line is followed up by the next start', async t => {
  for (const left of ['nothing', 'an empty file'] as const) {
    const dir = t.testdir()
    const file = join(dir, 'audit.jsonl')
    const first = await openWriter(t, file, { isChained: true })
    await first.sink.append(PUSHED)
    await first.sink.close()
    const rotated = 'audit-2026-11-24T16-06-00.123.jsonl'
    renameSync(file, join(dir, rotated))
    if (left === 'an empty file') writeFileSync(file, '')
    const { sink } = await openWriter(t, file, { isChained: true })
    await sink.append(PUSHED)
    await sink.close()
    t.match(auditRecords(file).slice(0, 2), [
      { action: 'audit.rotate', file: rotated, seq: 3 },
      { action: 'push', seq: 4 },
    ])
    t.equal(brokenLink(await allTexts(file)), undefined, left)
    t.strictSame(readdirSync(dir).sort(), [rotated, 'audit.jsonl', 'state'])
  }
})
