import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lines, linesOf, record, writeLog } from '../audit/reading/log-files.ts'
import { tempDir } from '../support/temp-dir.ts'
import { runCli, writeConfigText } from './fake-terminal.ts'
import { landwaiter } from './landwaiter-command.ts'

const DIGEST = `sha256:9b2c1a2b3c4d${'0'.repeat(52)}`

const RECORDS = [
  record({ seq: 1, action: 'push', digest: DIGEST, size: 1580, bytes_in: 1580, image_size: 36_701_740 }),
  record({ seq: 2, kind: 'blob', tag: undefined, digest: DIGEST, bytes_out: 36_700_160 }),
  record({
    seq: 3,
    action: 'login',
    kind: 'session',
    outcome: 'denied',
    status: 401,
    actor: { name_redacted: true, kind: 'user', via: 'static' },
    client_ip: '192.0.2.66',
    repository: undefined,
    tag: undefined,
    reason: 'wrong user name or password',
  }),
  record({
    seq: 4,
    time: '2026-11-25T08:00:00.000Z',
    action: 'delete',
    outcome: 'denied',
    status: 403,
    repository: 'prod/api',
    actor: { name: 'dev-ann', kind: 'user', via: 'ldap' },
    reason: 'no rule allows delete on prod/api for dev-ann',
  }),
]

const TABLE = `TIME                 WHO              ACTION           WHAT                   OUTCOME     CLIENT         SIZE  REASON
2026-11-24 16:00:01  ann              push manifest    team/web:1.0           success     203.0.113.7  35 MiB
2026-11-24 16:00:02  ann              pull blob        team/web@9b2c1a2b3c4d  success     203.0.113.7  35 MiB
2026-11-24 16:00:03  (name withheld)  login                                   denied 401  192.0.2.66           wrong user name or password
2026-11-25 08:00:00  dev-ann          delete manifest  prod/api:1.0           denied 403  203.0.113.7          no rule allows delete on prod/api for dev-ann
`

t.test('the program prints a table, without colour or sums into a pipe', async t => {
  const file = join(tempDir(t), 'audit.jsonl')
  writeLog(file, linesOf(RECORDS))
  t.strictSame(await landwaiter(['audit', 'query', '--file', file]), { code: 0, stdout: TABLE, stderr: '' })
})

t.test('rotated files of every kind are read in their order', async t => {
  const file = join(tempDir(t), 'audit.jsonl')
  writeLog(file, lines(9, 10))
  writeLog(`${file}.1`, lines(7, 8))
  writeLog(`${file}.2.gz`, lines(5, 6))
  writeLog(`${file}-20261124.gz`, lines(3, 4))
  writeLog(file.replace('.jsonl', '-2026-11-24T16-06-00.123.jsonl.gz'), lines(1, 2))
  const { stdout, stderr } = await landwaiter(['audit', 'query', '--file', file, '-o', 'json'])
  t.strictSame({ stdout, stderr }, { stdout: lines(1, 10), stderr: '' })
})

t.test('broken lines are named and end nothing', async t => {
  const dir = tempDir(t)
  const file = join(dir, 'audit.jsonl')
  writeLog(`${file}.1.gz`, `${lines(1, 1)}\u0007not json\n${lines(2, 2)}{"v":1,"time":"20`)
  writeLog(file, `${lines(3, 3)}${'x'.repeat(70_000)}\n${lines(4, 4)}`)
  writeFileSync(`${file}.2`, 'a letter\n')
  const { code, stdout, stderr } = await landwaiter(['audit', 'query', '--file', file, '-o', 'json'])
  t.strictSame({ code, stdout }, { code: 0, stdout: lines(1, 4) })
  t.equal(
    stderr,
    `warning: ${file}.2 does not begin with a line of an audit log; it is left out
warning: 3 broken lines left out:
  audit.jsonl.1.gz:2: it is no JSON object
  audit.jsonl.1.gz:4: it ends without a newline, as one that is being written or was cut off
  audit.jsonl:2: the line has 70000 bytes, which no line of an audit log has
`,
  )
})

t.test('the log is the one of the configuration', async t => {
  const file = join(tempDir(t), 'audit.jsonl')
  writeLog(file, lines(1, 1))
  const config = (text: string) =>
    writeConfigText(
      t,
      `tls: {mode: off}\nregistry: {upstream: "http://127.0.0.1:1"}\nusers: {}\nacl: []\naudit: {file: "${text}"}\n`,
    )
  t.strictSame(await runCli(['audit', 'query', '-o', 'json', '-c', config(file)]), {
    code: 0,
    out: lines(1, 1),
    err: '',
  })
  t.match(await runCli(['audit', 'query', '-c', config('-')]), {
    code: 1,
    err: 'error: audit.file is "-", so the lines went to standard output; give the file that keeps them with --file\n',
  })
  rmSync(file)
  t.match(await runCli(['audit', 'query', '-c', config(file)]), {
    code: 1,
    err: `error: there is no audit log at ${file}; name another with --file or -c\n`,
  })
})

t.test('a value that no line can have is refused with those that it can', async t => {
  const refused = async (...args: readonly string[]) => {
    const { code, out, err } = await runCli(['audit', 'query', ...args])
    t.strictSame({ code, out }, { code: 2, out: '' })
    return err
  }
  t.match(await refused('--action', 'pull,psuh'), /It takes pull, check, push, .*\. Did you mean "push"\?/)
  t.match(await refused('--kind', 'image'), /It takes manifest, index, blob, tag, /)
  t.match(await refused('--outcome', 'error'), /It takes success, denied, failed, aborted, limited/)
  t.match(await refused('--client', '10.0.0'), /It takes an address or a network, such as 10\.0\.0\.0\/8/)
  t.match(await refused('--repository', 'team/['), /It takes a pattern such as team\/\*/)
  t.match(await refused('--since', 'monday'), /It takes a day \(2026-11-24\)/)
})

t.test('one line for each docker pull', async t => {
  const file = join(tempDir(t), 'audit.jsonl')
  const images = async (...args: readonly string[]) =>
    (await runCli(['audit', 'query', '--images', '--file', file, ...args])).out
  const blob = { kind: 'blob', tag: undefined, bytes_out: 36_700_160, duration_ms: 500 } as const
  writeLog(
    file,
    linesOf([
      record({ seq: 1, digest: DIGEST, duration_ms: 100 }),
      record({ seq: 2, ...blob, digest: 'sha256:a' }),
      record({ seq: 3, ...blob, digest: 'sha256:b' }),
      record({ seq: 4, tag: '2.0', outcome: 'denied', reason: 'no rule allows this' }),
    ]),
  )
  t.equal(
    await images(),
    `TIME                 WHO  IMAGE         OUTCOME  CLIENT       BLOBS    SENT   TOOK  REASON
2026-11-24 16:00:03  ann  team/web:1.0  success  203.0.113.7      2  70 MiB  2.1 s
2026-11-24 16:00:04  ann  team/web:2.0  denied   203.0.113.7      0     0 B   0 ms  no rule allows this
`,
  )
  t.match(JSON.parse(await images('--tag', '1.*', '-o', 'json')), {
    client_ip: '203.0.113.7',
    tag: '1.0',
    digest: DIGEST,
    blobs: 2,
    bytes: 73_400_320,
    duration_ms: 2_100,
  })
  t.match(
    await images('--outcome', 'denied', '-o', 'tsv'),
    /^time\tactor\tclient_ip\t.*\n.*\tteam\/web\t2\.0\t\tdenied\t0\t0\t\t0\t/,
  )
  t.match(await runCli(['audit', 'query', '--images', '--kind', 'blob']), {
    code: 2,
    err: /--images shows whole pulls, so that --kind cannot choose among their lines/,
  })
})
