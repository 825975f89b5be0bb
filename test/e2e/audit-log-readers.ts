import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import type { TestLandwaiter } from '../support/landwaiter.ts'
import { runCommand } from '../support/run-command.ts'
import type { Line } from './audit-log-lines.ts'
import { FORGED } from './audit-log-rows.ts'

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const ACTOR_ORDER = ['name', 'name_redacted', 'kind', 'via', 'token_id']
const MAX_LINE = 8192

/** The questions that users ask of the log, after the requests and the clients of audit-log.test.ts. */
export async function checkJq(t: Test, landwaiter: TestLandwaiter): Promise<void> {
  const lines = landwaiter.audit()
  const rows = (is: (line: Line) => boolean) => lines.filter(is).length
  const jq = (flags: string, filter: string) => shell(landwaiter, `jq ${flags} '${filter}' audit.jsonl`)

  const overview = await jq(
    '-r',
    '[.time,.action,.outcome,.actor.name,.client_ip,(.repository//"-")+(if .tag then ":"+.tag else "" end)]|@tsv',
  )
  t.equal(overview.length, lines.length, 'who does what')
  t.match(overview[0], /Z\tserver\.start\tsuccess\t\t\t-$/)
  const overwrites = overview.filter(row => row.includes('overwrite'))
  t.match(overwrites, [/Z\toverwrite\tsuccess\tdeveloper\t127\.0\.0\.1\tteam\/web:1\.4\.2$/])

  const pushes = 'select(.action=="push" and .kind=="manifest" and .repository=="team/web")'
  const [first] = await jq('-r', `${pushes}|"\\(.time) \\(.actor.name) \\(.tag) \\(.digest)"`)
  t.match(first, /Z developer 1\.4\.2 sha256:[0-9a-f]{64}$/, 'pushes of one repository')

  const deletes = await jq(
    '-r',
    'select(.action=="delete")|[.time,.outcome,.actor.name,.repository,.digest]|@csv',
  )
  const expected = [
    /Z","success","developer","team\/copy","sha256:/,
    /Z","failed","developer","team\/web",$/,
    /Z","success","developer","team\/web","sha256:/,
    /Z","denied","developer","prod\/api","sha256:/,
  ]
  t.match(deletes, expected, 'deletes')
  t.equal(deletes.length, expected.length)

  const logins = await jq(
    '-r',
    'select(.action=="login" and .outcome!="success")|[.time,.actor.name,.client_ip,.reason]|@tsv',
  )
  const names = logins.map(row => /Z\t(.*)\t127\.0\.0\.1\t.+$/.exec(row)?.[1])
  t.strictSame(names, ['admin', '', 'admin'], 'failed logins; what looks like a password is not written')

  const web = lines.filter(
    ({ action, kind, repository }) => action === 'pull' && kind === 'manifest' && repository === 'team/web',
  )
  const pulls = await jq(
    '-s -c',
    'map(select(.action=="pull" and .kind=="manifest"))|group_by(.repository)|map({repo:.[0].repository,pulls:length,last:(map(.time)|max)})|sort_by(-.pulls)',
  )
  const [most] = JSON.parse(pulls.join(''))
  t.strictSame(most, { repo: 'team/web', pulls: web.length, last: web.at(-1)?.time }, 'pulls')

  const id = web.at(-1)?.actor.token_id
  const did = await jq('-r', `select(.actor.token_id=="${id}")|[.time,.action,.repository,.client_ip]|@tsv`)
  t.equal(
    did.length,
    rows(({ actor }) => actor.token_id === id),
  )
  t.match(did.join('\n'), /\tpull\tteam\/web[\s\S]*\tdelete\tprod\/api\t/, 'what one token did')

  const sum = lines.reduce((total, { bytes_out = 0 }) => total + bytes_out, 0)
  t.strictSame(await jq('-n', '[inputs|.bytes_out//0]|add'), [String(sum)], 'bytes pulled')
}

/** The same through pipes. */
export async function checkPipes(t: Test, landwaiter: TestLandwaiter): Promise<void> {
  const lines = landwaiter.audit()
  const denied = lines.filter(({ outcome }) => outcome === 'denied').length
  const logins = lines.filter(({ action, outcome }) => action === 'login' && outcome === 'denied').length
  const tagged = lines.filter(({ repository, tag }) => repository === 'team/web' && tag === '1.4.2').length
  const cases = [
    [`jq -r 'select(.outcome=="denied")|.client_ip' audit.jsonl | sort | uniq -c | sort -rn | head`, denied],
    [
      `grep -h '"action":"login","kind":"session","outcome":"denied"' audit.jsonl | grep -o '"client_ip":"[^"]*"' | sort | uniq -c`,
      logins,
    ],
    [
      `zcat -f audit-*.jsonl.gz audit.jsonl 2>/dev/null | jq -c 'select(.repository=="team/web" and .tag=="1.4.2")' | wc -l`,
      tagged,
    ],
  ] as const
  for (const [script, count] of cases) {
    const [row = '', ...more] = await shell(landwaiter, script)
    t.equal(Number.parseInt(row, 10), count, script)
    t.strictSame(more, [], 'one address')
  }
  t.ok(logins > 2 && denied > logins && tagged > 5, 'there was something to count')
}

/** The block of shell lines in the README's section about the log. */
export async function checkReadme(t: Test, landwaiter: TestLandwaiter): Promise<void> {
  const section = /^## The audit log\n([\s\S]*?)^## /m.exec(README)?.[1] ?? ''
  const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block)
  const block = blocks.find(text => text.includes('jq -r')) ?? ''
  const commands = block.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  t.ok(commands.length > 0, 'there is one')
  for (const command of commands) {
    const printed = await shell(landwaiter, command.replace('tail -F', 'cat'))
    t.ok(printed.length > 0, command)
  }
}

/** The order of the README's table; readers with patterns rely on it. */
export async function checkOrder(t: Test, { audit, auditFile }: TestLandwaiter): Promise<void> {
  const table = /<!-- audit:begin -->([\s\S]*?)<!-- audit:end -->/.exec(README)?.[1] ?? ''
  const documented = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name)
  t.match(documented, ['v', 'time', 'node', 'seq', 'id', 'action', 'kind', 'outcome', 'status', 'actor'])
  const text = readFileSync(auditFile, 'utf8')
  t.ok(text.endsWith('}\n'), 'whole lines only')
  for (const [index, line] of audit().entries()) {
    const keys = Object.keys(line)
    t.strictSame(
      keys,
      documented.filter(name => keys.includes(name)),
      `${line.action} ${line.kind}`,
    )
    const inner = Object.keys(line.actor)
    t.strictSame(
      inner,
      ACTOR_ORDER.filter(name => inner.includes(name)),
    )
    t.equal(line.seq, index + 1)
  }
  const longest = Math.max(...text.split('\n').map(line => Buffer.byteLength(line)))
  t.ok(longest < MAX_LINE, `the longest line has ${longest} bytes`)
}

/** The pattern that the documentation gives to fail2ban, which puts an address in the place of HOST. */
export async function checkFail2ban(t: Test, { audit, auditFile }: TestLandwaiter): Promise<void> {
  const pattern = /^.*"action":"login","kind":"session","outcome":"denied".*"client_ip":"([\d.:a-f]+)".*$/
  const text = readFileSync(auditFile, 'utf8').trimEnd()
  const found = text.split('\n').flatMap(line => pattern.exec(line)?.[1] ?? [])
  const failed = audit().filter(({ action, outcome }) => action === 'login' && outcome === 'denied')
  t.strictSame(
    found,
    failed.map(({ client_ip }) => client_ip),
  )
  t.strictSame([...new Set(found)], ['127.0.0.1'])
  t.ok(
    failed.some(({ user_agent }) => user_agent === FORGED),
    'though somebody tried',
  )
}

/** What a user's shell prints in the directory of the log, by lines. */
async function shell({ auditFile }: TestLandwaiter, script: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runCommand('sh', ['-c', script], { cwd: dirname(auditFile) })
  if (code !== 0) throw new Error(`${script}: ${stderr}`)
  return stdout.trimEnd().split('\n')
}
