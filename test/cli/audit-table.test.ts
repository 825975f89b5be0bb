import { join } from 'node:path'
import t from 'tap'
import { linesOf, record, writeLog } from '../audit/reading/log-files.ts'
import { runCommand } from '../support/run-command.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { type FakeTerminalOptions, runCli } from './fake-terminal.ts'
import { MAIN } from './landwaiter-command.ts'

const RECORDS = [
  record({ seq: 1, image_size: 36_700_160 }),
  record({
    seq: 2,
    time: '2026-11-25T08:00:00.000Z',
    action: 'delete',
    outcome: 'denied',
    status: 403,
    repository: 'a-department/with-a-long-name/and-a-long-image',
    reason: 'no rule allows delete on a-department/with-a-long-name/and-a-long-image for ann',
  }),
]

function logOf(t: Scope, text: string): string {
  const file = join(tempDir(t), 'audit.jsonl')
  writeLog(file, text)
  return file
}

async function table(file: string, options: FakeTerminalOptions) {
  const { code, out, err } = await runCli(['audit', 'query', '--file', file], options)
  t.strictSame({ code, err }, { code: 0, err: '' })
  return out
}

t.test('a terminal has each day once, and the sums at the end', async t => {
  const out = await table(logOf(t, linesOf(RECORDS)), {
    columns: 120,
    env: { NO_COLOR: '1', LANG: 'C.UTF-8' },
  })
  t.equal(
    out,
    `TIME      WHO  ACTION           WHAT                                         OUTCOME     CLIENT         SIZE  REASON
2026-11-24
16:00:01  ann  pull manifest    team/web:1.0                                 success     203.0.113.7  35 MiB
2026-11-25
08:00:00  ann  delete manifest  a-department/with-a-l…/and-a-long-image:1.0  denied 403  203.0.113.7
    no rule allows delete on a-department/with-a-long-name/and-a-long-image for ann

2 lines: 1 success, 1 denied
`,
  )
})

t.test('a narrow terminal has fewer columns, and reasons are wrapped', async t => {
  const out = await table(logOf(t, linesOf(RECORDS)), { columns: 64, env: { NO_COLOR: '1' } })
  t.match(out, /^TIME {6}WHO {2}ACTION {11}WHAT {20} {1,3}OUTCOME {5}REASON\n/)
  for (const line of out.split('\n')) t.ok(line.length <= 80, line)
  t.match(
    out,
    /\n {4}no rule allows delete on\n {4}a-department\/with-a-long-name\/and-a-long-image for ann\n/,
  )
})

t.test('outcomes have their colours', async t => {
  const out = await table(logOf(t, linesOf(RECORDS)), { columns: 200 })
  t.ok(out.includes('\u001b[32msuccess   \u001b[0m'))
  t.ok(out.includes('\u001b[31mdenied 403\u001b[0m'))
})

t.test('nothing of a log that somebody wrote into reaches a terminal as it is', async t => {
  const evil = '\u001b]0;owned\u0007\u009b31m\u202e\u2028\u007f'
  const fields = ['repository', 'tag', 'reason', 'client_ip', 'host', 'action', 'outcome'].map(name => [
    name,
    evil,
  ])
  const line = JSON.stringify({
    ...record(),
    ...Object.fromEntries(fields),
    actor: { name: evil, kind: 'user' },
  })
  const raw = line
    .replace(/\\u([0-9a-f]{4})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/[^\P{Cc}\u0080-\u009f]/gu, '')
  const file = logOf(t, `${line}\n${raw}\n${evil}\n`)
  for (const args of [
    ['query'],
    ['query', '-o', 'json'],
    ['query', '-o', 'tsv'],
    ['query', '--images'],
    ['query', '--images', '-o', 'json'],
    ['tail'],
    ['stats'],
    ['stats', '--by', 'repository'],
    ['export', '--format', 'cef'],
    ['export', '--format', 'csv'],
    ['export', '--format', 'ecs'],
    ['export', '--format', 'cadf'],
  ]) {
    const { out, err } = await runCli(['audit', ...args, '--file', file], {
      columns: 100,
      env: { NO_COLOR: '1' },
    })
    t.notOk(/[^\P{C}\n\t]|[\u2028]/u.test(out), `audit ${args.join(' ')}`)
    t.notOk(/[^\P{C}\n]|[\u2028]/u.test(err), `audit ${args.join(' ')}, standard error`)
  }
})

t.test('a reader that has seen enough ends the program quietly', async t => {
  const file = logOf(t, linesOf(Array.from({ length: 20_000 }, (_, at) => record({ seq: at + 1 }))))
  for (const args of ['query', 'query -o json', 'export --format csv']) {
    const script = `{ "$0" "$1" audit ${args} --file "$2"; echo "exit $?" >&2; } | head -1`
    const { code, stdout, stderr } = await runCommand('sh', ['-c', script, process.execPath, MAIN, file])
    t.strictSame({ code, stderr }, { code: 0, stderr: 'exit 0\n' }, args)
    t.equal(stdout.split('\n').length, 2)
  }
})
