import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lines, linesOf, record, writeLog } from '../audit/reading/log-files.ts'
import { startProcess } from '../support/background-process.ts'
import { tempDir } from '../support/temp-dir.ts'
import { runCli } from './fake-terminal.ts'
import { MAIN } from './landwaiter-command.ts'

t.test('the newest twenty lines are shown, from as many files as it takes', async t => {
  const file = join(tempDir(t), 'audit.jsonl')
  const tail = async (...args: readonly string[]) =>
    (await runCli(['audit', 'tail', '-o', 'json', '--file', file, ...args])).out
  writeLog(`${file}.2.gz`, lines(1, 40))
  writeLog(`${file}.1`, lines(41, 45))
  writeLog(file, lines(46, 50))
  t.equal(await tail(), lines(31, 50))
  t.equal(await tail('-n', '3'), lines(48, 50))
  t.equal(await tail('-n', '0'), '')
  t.equal(await tail('-n', '1000'), lines(1, 50))
  t.match(await runCli(['audit', 'tail', '-n', 'all']), {
    code: 2,
    err: /It takes a whole number up to 100000/,
  })
})

t.test('the newest of a long file are found from its end, behind a torn line', async t => {
  const file = join(tempDir(t), 'audit.jsonl')
  const denied = [7, 3_000].map(seq => record({ seq, outcome: 'denied' }))
  const long = `${lines(1, 6)}${linesOf([denied[0] ?? record()])}${lines(8, 2_999)}${linesOf([denied[1] ?? record()])}`
  writeLog(file, `${long}${'x'.repeat(700_000)}\n${lines(3_001, 3_002)}{"v":1,"ti`)
  const tail = async (...args: readonly string[]) =>
    (await runCli(['audit', 'tail', '-o', 'json', '--file', file, ...args])).out
  t.equal(await tail('-n', '2'), lines(3_001, 3_002))
  t.equal(await tail('-n', '2', '--outcome', 'denied'), linesOf(denied))
})

t.test('the program follows through a rotation until it is interrupted', async t => {
  const file = join(tempDir(t), 'audit.jsonl')
  writeLog(file, lines(1, 3))
  const args = ['audit', 'tail', '-f', '-n', '2', '-o', 'json', '--file', file] as const
  const { output, ready, stop } = await startProcess(t, [process.execPath, MAIN, ...args])
  await ready('the last lines', () => output() === lines(2, 3))
  appendFileSync(file, lines(4, 4))
  await ready('the next line', () => output() === lines(2, 4))
  renameSync(file, `${file}.1`)
  appendFileSync(`${file}.1`, lines(5, 5))
  writeFileSync(file, lines(6, 7))
  await ready('the lines of the new file', () => output() === lines(2, 7))
  t.equal(await stop('SIGINT'), 0)
})
