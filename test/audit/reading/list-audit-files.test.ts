import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { listAuditFiles } from '../../../src/audit/reading/list-audit-files.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { lines, writeLog } from './log-files.ts'

async function names(active: string) {
  const { files, skipped } = await listAuditFiles(active)
  return {
    files: files.map(({ path, firstSeq }) => [basename(path), firstSeq]),
    skipped: skipped.map(({ path, reason }) => [basename(path), reason]),
  }
}

t.test('files of every rotation come by their first number, the active one last', async t => {
  const dir = tempDir(t)
  const put = (name: string, from: number) => writeLog(join(dir, name), lines(from, from + 1))
  put('audit.jsonl', 90)
  put('audit.jsonl.1', 80)
  put('audit.jsonl.2.gz', 70)
  put('audit.jsonl-20261124', 60)
  put('audit.jsonl-20261123-1764000000.gz', 50)
  put('audit-20261122.jsonl', 40)
  put('audit-2026-11-24T16-06-00.123.jsonl', 30)
  put('audit-2026-11-24T15-06-00.123.jsonl.gz', 20)
  t.strictSame(await names(join(dir, 'audit.jsonl')), {
    files: [
      ['audit-2026-11-24T15-06-00.123.jsonl.gz', 20],
      ['audit-2026-11-24T16-06-00.123.jsonl', 30],
      ['audit-20261122.jsonl', 40],
      ['audit.jsonl-20261123-1764000000.gz', 50],
      ['audit.jsonl-20261124', 60],
      ['audit.jsonl.2.gz', 70],
      ['audit.jsonl.1', 80],
      ['audit.jsonl', 90],
    ],
    skipped: [],
  })
})

t.test('what has no name of the log is not looked at', async t => {
  const dir = tempDir(t)
  writeLog(join(dir, 'audit.jsonl'), lines(5, 6))
  for (const name of [
    'audit-2026-11-24T16-06-00.123.jsonl.gz.part',
    'audit-other.jsonl',
    'audit.jsonl.bak',
    'audit.jsonl~',
    'audit.json',
    'audits.jsonl',
    'xaudit.jsonl',
  ]) {
    writeLog(join(dir, name), lines(1, 2))
  }
  t.strictSame(await names(join(dir, 'audit.jsonl')), { files: [['audit.jsonl', 5]], skipped: [] })
})

t.test('of a plain file and its compressed one the compressed one is taken', async t => {
  const dir = tempDir(t)
  writeLog(join(dir, 'audit-2026-11-24T16-06-00.123.jsonl'), lines(1, 2))
  writeLog(join(dir, 'audit-2026-11-24T16-06-00.123.jsonl.gz'), lines(1, 2))
  writeLog(join(dir, 'audit.jsonl'), lines(3, 3))
  t.strictSame((await names(join(dir, 'audit.jsonl'))).files, [
    ['audit-2026-11-24T16-06-00.123.jsonl.gz', 1],
    ['audit.jsonl', 3],
  ])
})

t.test('files that are no log are skipped and told of', async t => {
  const dir = tempDir(t)
  writeLog(join(dir, 'audit.jsonl'), '')
  writeLog(join(dir, 'audit.jsonl.1'), 'a letter\nof two lines\n')
  writeLog(join(dir, 'audit.jsonl.2'), '')
  writeFileSync(join(dir, 'audit.jsonl.3.gz'), 'not gzip')
  writeFileSync(join(dir, 'audit.jsonl.4.zst'), '')
  mkdirSync(join(dir, 'audit.jsonl.5'))
  execFileSync('mkfifo', [join(dir, 'audit.jsonl.6')])
  const { files, skipped } = await names(join(dir, 'audit.jsonl'))
  t.strictSame(files, [['audit.jsonl', undefined]])
  t.match(skipped, [
    ['audit.jsonl.1', 'does not begin with a line of an audit log'],
    ['audit.jsonl.2', 'is empty'],
    ['audit.jsonl.3.gz', /^cannot be read: incorrect header check/],
    ['audit.jsonl.4.zst', 'is compressed in another way than gzip'],
    ['audit.jsonl.5', /^cannot be read: .* is no regular file$/],
    ['audit.jsonl.6', /^cannot be read: .* is no regular file$/],
  ])
})

t.test('a broken line in front hides no file', async t => {
  const dir = tempDir(t)
  const active = join(dir, 'audit.jsonl')
  writeLog(`${active}.1`, `{"v":1,"tim\n${lines(7, 8)}`)
  writeLog(active, '{"v":1,"time":"2026')
  t.strictSame((await names(active)).files, [
    ['audit.jsonl.1', 7],
    ['audit.jsonl', undefined],
  ])
})

t.test('a compressed file that unpacks without end is read a little', async t => {
  const dir = tempDir(t)
  writeLog(join(dir, 'audit.jsonl.1.gz'), ' '.repeat(50_000_000))
  const { skipped } = await names(join(dir, 'audit.jsonl'))
  t.strictSame(skipped, [['audit.jsonl.1.gz', 'does not begin with a line of an audit log']])
})

t.test('a file of another name has its own rotations', async t => {
  const dir = tempDir(t)
  writeLog(join(dir, 'registry(1).log'), lines(3, 3))
  writeLog(join(dir, 'registry(1)-2026-11-24T16-06-00.123.log'), lines(2, 2))
  writeLog(join(dir, 'registry(1).log.1'), lines(1, 1))
  t.strictSame((await names(join(dir, 'registry(1).log'))).files, [
    ['registry(1).log.1', 1],
    ['registry(1)-2026-11-24T16-06-00.123.log', 2],
    ['registry(1).log', 3],
  ])
})
