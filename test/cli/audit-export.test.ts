import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lines, writeLog } from '../audit/reading/log-files.ts'
import { cannotMount, smallDisk } from '../support/small-disk.ts'
import { tempDir } from '../support/temp-dir.ts'
import { runCli } from './fake-terminal.ts'
import { landwaiter } from './landwaiter-command.ts'

t.test('the program writes a new file, for its owner only, and says how much', async t => {
  const dir = tempDir(t)
  const [file, to] = [join(dir, 'audit.jsonl'), join(dir, 'out.csv')]
  writeLog(`${file}.1.gz`, lines(1, 3))
  writeLog(file, lines(4, 5))
  const done = await landwaiter(['audit', 'export', '--format', 'csv', '--file', file, '--to', to])
  t.strictSame(done, { code: 0, stdout: '', stderr: `5 records written to ${to}\n` })
  t.equal(readFileSync(to, 'utf8').split('\r\n').length, 1 + 5 + 1)
  t.equal(statSync(to).mode & 0o777, 0o600)
  t.notOk(existsSync(`${to}.part`))
})

t.test('no file is replaced, and none is left half-written', async t => {
  const dir = tempDir(t)
  const [file, to] = [join(dir, 'audit.jsonl'), join(dir, 'out.jsonl')]
  writeLog(file, lines(1, 3))
  const run = () => runCli(['audit', 'export', '--format', 'ecs', '--file', file, '--to', to])
  writeFileSync(`${to}.part`, 'half')
  t.match(await run(), {
    code: 1,
    err: `error: ${to}.part is left of an export that was interrupted, or is being written; remove it\n`,
  })
  writeFileSync(to, 'mine')
  t.match(await run(), { code: 1, err: `error: ${to} exists; remove it or name another with --to\n` })
  t.equal(readFileSync(to, 'utf8'), 'mine')
})

t.test('a full disk is told of, and nothing is left on it', { skip: cannotMount() }, async t => {
  const [disk, file] = [smallDisk(t, 64), join(tempDir(t), 'audit.jsonl')]
  writeLog(file, lines(1, 1_000))
  const to = join(disk, 'out.jsonl')
  const { code, err } = await runCli(['audit', 'export', '--format', 'ecs', '--file', file, '--to', to])
  t.equal(code, 1)
  t.match(err, /^error: .*out\.jsonl cannot be written: ENOSPC: no space left on device/)
  t.strictSame(readdirSync(disk), [])
})

t.test('only what distribution would tell of is an event', async t => {
  const file = join(tempDir(t), 'audit.jsonl')
  writeLog(file, `${lines(1, 1)}${lines(2, 2).replace('"pull"', '"check"')}`)
  const { out } = await runCli(['audit', 'export', '--format', 'events', '--file', file])
  t.match(JSON.parse(out), { events: [{ action: 'pull', target: { repository: 'team/web', tag: '1.0' } }] })
})

t.test('a terminal sees no control characters', async t => {
  const file = join(tempDir(t), 'audit.jsonl')
  writeLog(file, lines(1, 3).replace('"ann"', '"an\\u009bn"'))
  const { out } = await runCli(['audit', 'export', '--format', 'csv', '--file', file], { columns: 80 })
  t.match(out, /,an\\u009bn,/)
})

t.test('the format is required, and an unknown one is told the others', async t => {
  t.match(await runCli(['audit', 'export']), {
    code: 2,
    err: /required option '--format <name>' not specified/,
  })
  t.match(await runCli(['audit', 'export', '--format', 'xml']), {
    code: 2,
    err: /ecs, ocsf, cadf, cef, csv, events, cloudevents/,
  })
})
