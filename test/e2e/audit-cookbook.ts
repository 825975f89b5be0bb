import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Test } from 'tap'
import type { TestLandwaiter } from '../support/landwaiter.ts'
import { runCommand } from '../support/run-command.ts'
import { tempDir } from '../support/temp-dir.ts'
import type { Line } from './audit-log-lines.ts'

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
/** The token that the README asks about. */
const TOKEN = 'tk_9f2c'

interface Answer {
  readonly printed: readonly string[]
  /** Lines of the active file. */
  readonly lines: readonly Line[]
  /** A line of a compressed file. */
  readonly old: Line
}

/** What is right for each question of the README, by its comment there. */
const QUESTIONS: Readonly<Record<string, (t: Test, answer: Answer) => void>> = {
  'who does what, live': (t, { printed, lines }) => {
    t.equal(printed.length, lines.length)
    t.match(printed[0], /Z\tserver\.start\tsuccess\t\t\t-$/)
    const overwrites = printed.filter(row => row.includes('overwrite'))
    t.match(overwrites, [/Z\toverwrite\tsuccess\tdeveloper\t127\.0\.0\.1\tteam\/web:1\.4\.2$/])
  },
  'pushes of one repository': (t, { printed }) => {
    t.match(printed[0], /Z developer 1\.4\.2 sha256:[0-9a-f]{64}$/)
  },
  'pulls of each repository, and when the last one was': (t, { printed, lines }) => {
    const pulls = lines.filter(line => isPull(line) && line.repository === 'team/web')
    t.equal(printed[0], `${pulls.length}\t${pulls.at(-1)?.time}\tteam/web`)
    const all = printed.map(row => Number(row.split('\t')[0]))
    t.equal(
      all.reduce((sum, count) => sum + count, 0),
      lines.filter(isPull).length,
    )
  },
  'all that became of one tag, from the older files on': (t, { printed, lines, old }) => {
    const of = [old, ...lines].filter(({ repository, tag }) => repository === 'team/web' && tag === '1.4.2')
    t.ok(of.length > 6)
    const rows = of.map(({ time, action, kind, outcome, actor, digest }) =>
      [time, action, kind, outcome, actor.name, digest].join('\t'),
    )
    t.strictSame(printed, rows.toSorted())
    t.ok(printed[0]?.startsWith(old.time))
  },
  'deletions, for a spreadsheet': (t, { printed }) => {
    const expected = [
      /Z","success","developer","team\/copy","sha256:/,
      /Z","failed","developer","team\/web",$/,
      /Z","success","developer","team\/web","sha256:/,
      /Z","denied","developer","prod\/api","sha256:/,
    ]
    t.match(printed, expected)
    t.equal(printed.length, expected.length)
  },
  'who was refused, by address': (t, { printed, lines }) => {
    const count = lines.filter(({ outcome }) => outcome === 'denied').length
    t.strictSame(
      printed.map(row => row.trim()),
      [`${count} 127.0.0.1`],
    )
  },
  'failed logins': (t, { printed }) => {
    const names = printed.map(row => /Z\t(.*)\t127\.0\.0\.1\t.+$/.exec(row)?.[1])
    t.strictSame(names, ['admin', '', 'admin'], 'what looks like a password is not written')
  },
  'failed logins by address, without jq': (t, { printed, lines }) => {
    const count = lines.filter(({ action, outcome }) => action === 'login' && outcome === 'denied').length
    t.strictSame(
      printed.map(row => row.trim()),
      [`${count} "client_ip":"127.0.0.1"`],
    )
  },
  'what was done with a token that leaked, by its jti': (t, { printed, lines }) => {
    const id = tokenOf(lines)
    t.equal(printed.length, lines.filter(({ actor }) => actor.token_id === id).length)
    t.match(printed[0], /Z\ttoken\tsuccess\t\t127\.0\.0\.1$/)
    t.match(printed.join('\n'), /\tpull\tsuccess\tteam\/web[\s\S]*\tdelete\tdenied\tprod\/api\t/)
  },
  'bytes sent to clients': (t, { printed, lines }) => {
    t.strictSame(printed, [String(lines.reduce((sum, { bytes_out = 0 }) => sum + bytes_out, 0))])
  },
}

/** Runs each line of the README's cookbook, as a user does, after what audit-log.test.ts did. */
export async function checkCookbook(t: Test, landwaiter: TestLandwaiter): Promise<void> {
  const dir = tempDir(t)
  copyFileSync(landwaiter.auditFile, join(dir, 'audit.jsonl'))
  const lines = parse(readFileSync(join(dir, 'audit.jsonl'), 'utf8'))
  const overwrite = lines.find(({ action }) => action === 'overwrite')
  if (overwrite === undefined) throw new Error('nothing was overwritten')
  const old = { ...overwrite, time: '2025-11-24T16:06:00.123Z' }
  writeFileSync(join(dir, 'audit-2025-11-25T00-00-00.000.jsonl.gz'), gzipSync(`${JSON.stringify(old)}\n`))
  const cookbook = readCookbook()
  t.strictSame(Object.keys(cookbook), Object.keys(QUESTIONS))
  for (const [question, command] of Object.entries(cookbook)) {
    const script = command.replace('tail -F', 'cat').replace(TOKEN, tokenOf(lines))
    const printed = await shell(dir, script)
    t.ok(printed.length > 0, `${command} prints something`)
    await t.test(question, async t => QUESTIONS[question]?.(t, { printed, lines, old }))
  }
}

/** The commands of the README by the comments above them. */
function readCookbook(): Readonly<Record<string, string>> {
  const block = [...README.matchAll(/^```sh\n([\s\S]*?)^```/gm)].find(([text]) => text.includes('jq -r'))
  return Object.fromEntries(
    Array.from((block?.[1] ?? '').matchAll(/^# (.*)\n(.*)\n/gm), ([, question = '', command = '']) => [
      question,
      command,
    ]),
  )
}

/** The one of the last pull of team/web. */
function tokenOf(lines: readonly Line[]): string {
  return lines.findLast(line => isPull(line) && line.repository === 'team/web')?.actor.token_id ?? ''
}

function isPull({ action, kind, outcome }: Line): boolean {
  return action === 'pull' && kind === 'manifest' && outcome === 'success'
}

function parse(text: string): readonly Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

/** What a user's shell prints, by lines; fails when it says anything else. */
async function shell(cwd: string, script: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runCommand('sh', ['-c', script], { cwd, env: { LC_ALL: 'C' } })
  if (code !== 0 || stderr !== '') throw new Error(`${script}: ${stderr}`)
  return stdout === '' ? [] : stdout.replace(/\n$/, '').split('\n')
}
