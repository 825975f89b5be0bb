import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { AuditRecord } from '../../src/audit/audit-fields.ts'
import { linesOf, record, writeLog } from '../audit/reading/log-files.ts'
import { tempDir } from '../support/temp-dir.ts'
import { runCli } from './fake-terminal.ts'

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const SECTION = README.split('### Reading the audit log\n')[1]?.split('\n### ')[0] ?? ''

const CI = {
  actor: { name: 'ci-web', kind: 'user', via: 'token' },
  client_ip: '203.0.113.7',
  status: 201,
} as const
const ANN = { actor: { name: 'ann', kind: 'user', via: 'token' }, client_ip: '198.51.100.9' } as const

function digest(start: string): string {
  return `sha256:${start.padEnd(64, '0')}`
}

function at(time: string, fields: Partial<AuditRecord>): AuditRecord {
  return record({
    time: `2026-11-24T${time}.000Z`,
    tag: undefined,
    repository: 'team/web',
    duration_ms: 12,
    ...fields,
  })
}

const RECORDS = [
  at('16:06:00', { ...CI, action: 'push', kind: 'blob', digest: digest('9b2c1a2b3c4d'), size: 36_701_010 }),
  at('16:06:01', { ...CI, action: 'overwrite', tag: '1.4', digest: digest('77aa'), image_size: 36_705_000 }),
  at('16:06:09', { ...ANN, tag: '1.4', digest: digest('77aa'), bytes_out: 1_580, image_size: 36_705_000 }),
  at('16:06:11', { ...ANN, kind: 'blob', digest: digest('9b2c1a2b3c4d'), bytes_out: 36_701_010 }),
  at('16:06:11', { ...ANN, kind: 'blob', digest: digest('c0ffee001234'), bytes_out: 2_410 }),
  at('16:07:30', {
    action: 'login',
    kind: 'session',
    outcome: 'denied',
    status: 401,
    actor: { name: 'admin', kind: 'user', via: 'static' },
    client_ip: '192.0.2.66',
    repository: undefined,
    reason: 'wrong user name or password',
  }),
  at('16:08:02', {
    ...ANN,
    action: 'delete',
    outcome: 'denied',
    status: 403,
    repository: 'prod/api',
    digest: digest('11a07fd9e2b1'),
    reason: 'no rule allows delete on prod/api for ann',
  }),
]

function wordsOf(command: string): readonly string[] {
  return Array.from(command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g), ([, a, b, c]) => a ?? b ?? c ?? '')
}

t.test('what the README shows is what the commands print', async t => {
  const file = join(tempDir(t), 'audit.jsonl')
  writeLog(file, linesOf(RECORDS.map((one, at) => ({ ...one, seq: at + 1 }))))
  const [, block = ''] = SECTION.split('```console\n')
  const examples = (block.split('```')[0] ?? '').split(/^\$ landwaiter /m).slice(1)
  t.ok(examples.length >= 3)
  for (const example of examples) {
    const [command = '', ...shown] = example.split('\n')
    const { out } = await runCli([...wordsOf(command), '--file', file], {
      columns: 110,
      env: { NO_COLOR: '1', LANG: 'C.UTF-8' },
    })
    t.equal(shown.join('\n').trimEnd(), out.trimEnd(), command)
  }
})

t.test('every command that the README tells of is understood', async t => {
  const file = join(tempDir(t), 'audit.jsonl')
  writeLog(file, linesOf(RECORDS))
  const commands = Array.from(
    SECTION.matchAll(/^landwaiter (audit .*?)(?: +#.*)?$/gm),
    ([, command = '']) => command,
  )
  t.ok(commands.length >= 5)
  for (const command of commands) {
    const words = wordsOf(command.split(/ [|>] /)[0] ?? '').filter(word => word !== '-f')
    const to = words.indexOf('--to')
    const args = to === -1 ? words : words.with(to + 1, join(tempDir(t), 'out'))
    const { code, err } = await runCli([...args, '--file', file])
    t.equal(code, 0, `${command}: ${err}`)
  }
})
