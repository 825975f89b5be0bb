import { renameSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readLines } from '../../../src/audit/reading/read-lines.ts'
import type { LineItem } from '../../../src/audit/reading/split-lines.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { lines, writeLog } from './log-files.ts'

async function all(path: string, from = 0): Promise<readonly LineItem[]> {
  const items: LineItem[] = []
  for await (const item of readLines({ path, isCompressed: path.endsWith('.gz') }, { from })) items.push(item)
  return items
}

/** Each item in short: text or reason, with number and offset. */
async function brief(path: string, from = 0) {
  return (await all(path, from)).flatMap(item => {
    const { kind, number, offset } = item
    if (kind === 'fault') return [[kind, item.reason, number, offset]]
    if (kind === 'torn') return [[kind, item.line.toString(), number, offset]]
    return item.lines.map((line, at) => [line.toString(), number + at])
  })
}

for (const name of ['audit.jsonl', 'audit.jsonl.1.gz']) {
  t.test(`${name}: lines, empty ones too, and a torn one apart`, async t => {
    const file = join(tempDir(t), name)
    writeLog(file, 'one\n\nthrée\nfo')
    t.strictSame(await brief(file), [
      ['one', 1],
      ['', 2],
      ['thrée', 3],
      ['torn', 'fo', 4, 12],
    ])
    t.strictSame(await brief(file, 4), [
      ['', 1],
      ['thrée', 2],
      ['torn', 'fo', 3, 12],
    ])
    writeLog(file, '')
    t.strictSame(await brief(file), [])
  })

  t.test(`${name}: an overlong line is a fault, and the next one is read`, async t => {
    const file = join(tempDir(t), name)
    const longest = 'y'.repeat(65_536)
    writeLog(file, `a\n${'x'.repeat(3_000_000)}\n${longest}\n${longest}z\nb\n${'t'.repeat(70_000)}`)
    t.strictSame(await brief(file), [
      ['a', 1],
      ['fault', 'the line has 3000000 bytes, which no line of an audit log has', 2, 2],
      [longest, 3],
      ['fault', 'the line has 65537 bytes, which no line of an audit log has', 4, 3_065_540],
      ['b', 5],
      ['fault', 'the line has 70000 bytes, which no line of an audit log has', 6, 3_131_080],
    ])
  })

  t.test(`${name}: every line once, with its place, over the bounds of chunks`, async t => {
    const file = join(tempDir(t), name)
    const text = lines(1, 5_000)
    writeLog(file, text)
    const bytes = Buffer.from(text)
    let number = 1
    let offset = 0
    for (const item of await all(file)) {
      if (item.kind !== 'lines') throw new Error(item.kind)
      t.strictSame([item.number, item.offset], [number, offset])
      number += item.lines.length
      offset = item.end
      const joined = Buffer.concat(item.lines.flatMap(line => [line, Buffer.from('\n')]))
      if (!joined.equals(bytes.subarray(item.offset, item.end))) throw new Error('other bytes')
    }
    t.strictSame([number, offset], [5_001, bytes.length])
  })
}

t.test('a compressed file that ends too early gives what it has, then a fault', async t => {
  const file = join(tempDir(t), 'audit.jsonl.1.gz')
  writeLog(file, lines(1, 1_000))
  truncateSync(file, 4_000)
  const items = await all(file)
  t.equal(items[0]?.kind, 'lines')
  t.match(items.at(-1), { kind: 'fault', reason: 'the compressed file is damaged: unexpected end of file' })
})

t.test('a file that was compressed since it was listed is read', async t => {
  const file = join(tempDir(t), 'audit.jsonl.1')
  writeLog(`${file}.gz`, 'one\n')
  t.strictSame(await brief(file), [['one', 1]])
  renameSync(`${file}.gz`, `${file}.other`)
  await t.rejects(brief(file), { code: 'ENOENT', path: file })
})

t.test('reading can end in the middle', async t => {
  const file = join(tempDir(t), 'audit.jsonl.1.gz')
  writeLog(file, lines(1, 20_000))
  for await (const item of readLines({ path: file, isCompressed: true })) {
    t.equal(item.kind, 'lines')
    break
  }
})
