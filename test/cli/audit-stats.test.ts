import { join } from 'node:path'
import t from 'tap'
import type { AuditRecord } from '../../src/audit/audit-fields.ts'
import { linesOf, record, writeLog } from '../audit/reading/log-files.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { type FakeTerminalOptions, runCli } from './fake-terminal.ts'
import { landwaiter } from './landwaiter-command.ts'

const UTF8 = { LANG: 'C.UTF-8' }

function at(hour: number, fields: Partial<AuditRecord>): AuditRecord {
  return record({ time: new Date(Date.UTC(2026, 10, 24, hour, 30)).toISOString(), ...fields })
}

const RECORDS = [
  at(8, { bytes_out: 1_024 }),
  at(8, { bytes_out: 1_024 }),
  at(8, { bytes_out: 2_048, repository: 'team/api' }),
  at(11, { action: 'push', actor: { name: 'bob', kind: 'user' }, bytes_in: 10 }),
  at(11, { outcome: 'denied', actor: { name: 'bob', kind: 'user' }, repository: 'prod/api' }),
]

function logOf(t: Scope, records: readonly AuditRecord[]): string {
  const file = join(tempDir(t), 'audit.jsonl')
  writeLog(file, linesOf(records))
  return file
}

async function stats(file: string, args: readonly string[], options?: FakeTerminalOptions) {
  const { code, out, err } = await runCli(['audit', 'stats', '--file', file, ...args], options)
  t.strictSame({ code, err }, { code: 0, err: '' })
  return out
}

t.test('the dashboard of the program in a pipe of UTF-8', async t => {
  const { stdout } = await landwaiter(['audit', 'stats', '--file', logOf(t, RECORDS)], {
    env: { ...UTF8, LC_ALL: '' },
  })
  t.equal(
    stdout,
    `5 lines, 2026-11-24 08:30 to 2026-11-24 11:30 UTC

OPERATIONS
pull  4  ${'█'.repeat(60)}  4.0 KiB
push  1  ${'█'.repeat(15)}

OUTCOMES
success  4  ${'█'.repeat(59)}  4.0 KiB
denied   1  ${'█'.repeat(14)}▊

REPOSITORIES
team/web  3  ${'█'.repeat(58)}  2.0 KiB
prod/api  1  ${'█'.repeat(19)}▍
team/api  1  ${'█'.repeat(19)}▍${' '.repeat(40)}2.0 KiB

USERS
ann  3  ${'█'.repeat(60)}  4.0 KiB
bob  2  ${'█'.repeat(40)}

PULLS PER HOUR
███      ▃▃▃
2026-11-24 08:00 to 2026-11-24 11:00 UTC, most at 2026-11-24 08:00: 3
`,
  )
})

t.test('a wide terminal has two columns, and no row is wider than it', async t => {
  for (const columns of [40, 60, 80, 100, 140]) {
    const out = await stats(logOf(t, RECORDS), [], { columns, env: { ...UTF8, NO_COLOR: '1' } })
    t.equal(/^OPERATIONS +OUTCOMES$/m.test(out), columns >= 100, `${columns}`)
    const longest = Math.max(
      ...out
        .split('\n')
        .slice(1, -3)
        .map(line => line.length),
    )
    t.ok(longest <= columns, `${columns}: ${longest}`)
  }
})

t.test('only a terminal has colours, and only one of UTF-8 has blocks', async t => {
  const file = logOf(t, RECORDS)
  const coloured = await stats(file, ['--by', 'outcome'], { columns: 40 })
  t.ok(coloured.startsWith(`success  4  \u001b[32m${'#'.repeat(19)}\u001b[0m`))
  t.equal(
    await stats(file, ['--by', 'outcome'], { columns: 40, env: { NO_COLOR: '1' } }),
    'success  4  ###################  4.0 KiB\ndenied   1  #####\n',
  )
})

t.test('hours without a line are there, and the newest are chosen', async t => {
  const file = logOf(t, RECORDS)
  const names = (out: string) =>
    out
      .trimEnd()
      .split('\n')
      .map(row => row.slice(0, 19))
  t.strictSame(names(await stats(file, ['--by', 'hour'])), [
    '2026-11-24 08:00  3',
    '2026-11-24 09:00  0',
    '2026-11-24 10:00  0',
    '2026-11-24 11:00  2',
  ])
  t.equal(names(await stats(file, ['--by', 'hour', '--top', '2'])).length, 2)
  t.match(await stats(file, ['--by', 'day']), /^2026-11-24 {2}5 /)
})

t.test('a clock gone wrong makes no endless list', async t => {
  const file = logOf(t, [at(8, {}), at(8, { time: '9999-12-31T23:59:59.000Z' })])
  t.match(await stats(file, []), /\n9999-12-\d\d \d\d:00 to 9999-12-31 23:00 UTC, /)
  t.equal((await stats(file, ['--by', 'hour'])).split('\n').length, 21)
})

t.test('names from the log come out escaped and cut', async t => {
  const file = logOf(t, [
    at(8, { actor: { name: '\u001b]0;x\u0007', kind: 'user' } }),
    at(8, { repository: 'r'.repeat(300) }),
  ])
  const out = await stats(file, [], { columns: 60, env: { ...UTF8, NO_COLOR: '1' } })
  t.notOk(out.includes('\u001b') || out.includes('\u0007'))
  t.match(out, /r…r/)
})

t.test('made-up names by the thousand are told together', async t => {
  const many = Array.from({ length: 50_002 }, (_, n) => at(8, { actor: { name: `n${n}`, kind: 'user' } }))
  const out = await stats(logOf(t, many), ['--by', 'actor', '-o', 'json'])
  const groups: readonly { readonly name: string; readonly lines: number }[] = JSON.parse(out)
  t.equal(groups.length, 50_001)
  t.match(
    groups.find(({ name }) => name === '(others)'),
    { lines: 2 },
  )
})

t.test('as JSON, and of nothing', async t => {
  const file = logOf(t, RECORDS)
  t.strictSame(JSON.parse(await stats(file, ['--by', 'client', '-o', 'json'])), [
    { name: '203.0.113.7', lines: 5, bytes_out: 4_096, bytes_in: 10 },
  ])
  t.match(JSON.parse(await stats(file, ['-o', 'json'])), {
    lines: 5,
    pulls_per_hour: [{ lines: 3 }, { lines: 1 }],
  })
  t.equal(await stats(file, ['--tag', 'none']), '0 lines\n')
  t.equal(await stats(file, ['--tag', 'none', '--by', 'day']), 'no lines\n')
  t.match(await runCli(['audit', 'stats', '--by', 'user']), {
    code: 2,
    err: /repository, actor, client, action, outcome, hour, day/,
  })
})
