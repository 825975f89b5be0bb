import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type ChainedLog, createChainedLog } from '../support/chained-log.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { threeFileLog } from '../support/three-file-log.ts'
import { runCli, writeConfigText } from './fake-terminal.ts'
import { landwaiter } from './landwaiter-command.ts'

const FIRST = 'audit-2026-11-24T16-06-00.123.jsonl.gz'
const SECOND = 'audit-2026-11-24T17-06-00.123.jsonl'

/** A copy of a log with all that proves it; `args` name it. */
function writeCopy(t: Scope, log: ChainedLog) {
  const dir = tempDir(t)
  log.write(dir)
  const [file, key, head] = ['audit.jsonl', 'key.pub.pem', 'head.json'].map(name => join(dir, name))
  const args = ['audit', 'verify', '--file', `${file}`, '--key', `${key}`, '--head', `${head}`]
  return { dir, file: `${file}`, args }
}

t.test('a whole log is summed up', async t => {
  const log = threeFileLog(FIRST, SECOND)
  const { file, args } = writeCopy(t, log)
  t.strictSame(await landwaiter(args), {
    code: 0,
    stdout: `log          ${file}
files        3
lines        32, seq 1 to 37, 2026-11-24T16:00:00.100Z to 2026-11-24T16:00:03.700Z
node         gw-1
checkpoints  3 by key ${log.keyId}, the last at seq 37, 2026-11-24T16:00:03.700Z
head         seq 37, 2026-11-24T16:00:03.700Z
gaps         1, 5 lines lost
             5 lines in front of seq 32, 2026-11-24T16:00:03.200Z: the disk was full
The log is whole.
`,
    stderr: '',
  })
})

t.test('every fault is told with its place, and the exit code is 1', async t => {
  const log = threeFileLog(FIRST, SECOND)
  const lines = log.files.get(SECOND) ?? []
  lines.splice(4, 1)
  lines[7] = (lines[7] ?? '').replace('developer', 'somebody')
  const { args } = writeCopy(t, log)
  const { code, out } = await runCli(args)
  t.equal(code, 1)
  t.match(
    out,
    new RegExp(`
fault: line 5 of ${SECOND} \\(seq 16, 2026-11-24T16:00:01.600Z\\) does not follow seq 14: seq 15 is missing between
fault: line 8 of ${SECOND} \\(seq 19, 2026-11-24T16:00:01.900Z\\) was changed: its SHA-256 is .*
The log is not whole: 2 faults.
$`),
  )
})

t.test('machines get JSON', async t => {
  const log = threeFileLog(FIRST, SECOND)
  log.files.get('audit.jsonl')?.splice(6)
  const { args, file } = writeCopy(t, log)
  const { code, out } = await runCli([...args, '-o', 'json'])
  t.equal(code, 1)
  t.match(JSON.parse(out), {
    whole: false,
    file,
    files: 3,
    lines: 27,
    first: { seq: 1, time: '2026-11-24T16:00:00.100Z' },
    last: { seq: 32, time: '2026-11-24T16:00:03.200Z' },
    nodes: ['gw-1'],
    checkpoints: [{ key: log.keyId, checkpoints: 2, last: { seq: 21 } }],
    unsigned: 6,
    gapCount: 1,
    lostLines: 5,
    head: { seq: 37 },
    warnings: [],
    faultCount: 1,
    faults: [{ kind: 'cut' }],
  })
})

t.test('an edit by sed is found in the program itself', async t => {
  const { args, file } = writeCopy(t, threeFileLog(FIRST, SECOND))
  writeFileSync(file, readFileSync(file, 'utf8').replace('"outcome":"success"', '"outcome":"denied"'))
  const { code, stdout } = await landwaiter(args)
  t.equal(code, 1)
  t.match(stdout, /^fault: line 1 of audit.jsonl \(seq 22, .* was changed/m)
})

t.test('a removed file is found, and named', async t => {
  const { args, dir } = writeCopy(t, threeFileLog(FIRST, SECOND))
  rmSync(join(dir, SECOND))
  const { code, out } = await runCli(args)
  t.equal(code, 1)
  t.match(out, `seq 11 to 21 (11 lines) are missing between; the file before it was ${SECOND}\n`)
})

t.test('files that changed their names are found', async t => {
  const { args, dir } = writeCopy(t, threeFileLog(FIRST, SECOND))
  renameSync(join(dir, SECOND), join(dir, 'audit-2026-11-24T18-00-00.000.jsonl'))
  const { code, out } = await runCli(args)
  t.equal(code, 1)
  t.match(out, `names ${SECOND} as the file before it, but that is audit-2026-11-24T18-00-00.000.jsonl`)
})

t.test('a changed number at the beginning of a file does not move the file', async t => {
  const log = threeFileLog(FIRST, SECOND)
  const lines = log.files.get(FIRST) ?? []
  lines[0] = (lines[0] ?? '').replace('"seq":1,', '"seq":19,')
  const { args } = writeCopy(t, log)
  const { code, out } = await runCli(args)
  t.equal(code, 1)
  t.match(out, /^fault: line 1 of \S+ \(seq 19, \S+\) was changed: it links .*, but seq 1 is due here$/m)
  t.match(out, 'The log is not whole: 1 fault.')
})

t.test('names that logrotate counts up are no fault', async t => {
  const { args, dir } = writeCopy(t, threeFileLog(FIRST, SECOND))
  renameSync(join(dir, SECOND), join(dir, 'audit.jsonl.1'))
  renameSync(join(dir, FIRST), join(dir, 'audit.jsonl.2.gz'))
  t.match(await runCli(args), { code: 0 })
})

t.test('a damaged compressed file is one fault', async t => {
  const { args, dir } = writeCopy(t, threeFileLog(FIRST, SECOND))
  const path = join(dir, FIRST)
  writeFileSync(path, readFileSync(path).subarray(0, -200))
  const { code, out } = await runCli(args)
  t.equal(code, 1)
  t.match(out, /^fault: .*the compressed file is damaged from here on.*, where seq (\d+ to )?10 belongs?$/m)
  t.match(out, 'The log is not whole: 1 fault.')
})

t.test('a file that is there plain and compressed is read once', async t => {
  const log = threeFileLog(FIRST, SECOND)
  const { args, dir } = writeCopy(t, log)
  writeFileSync(join(dir, FIRST.slice(0, -3)), (log.files.get(FIRST) ?? []).map(line => `${line}\n`).join(''))
  writeFileSync(join(dir, `${SECOND}.gz.part`), 'half')
  t.match(await runCli(args), { code: 0, out: /^files {8}3$/m })
})

t.test('a log without its oldest files is whole when audit.prune tells of them', async t => {
  const log = threeFileLog(FIRST, SECOND)
  log.line({ action: 'audit.prune', kind: 'audit', file: FIRST, from_seq: 1, to_seq: 10 })
  log.files.delete(FIRST)
  const { args } = writeCopy(t, log)
  t.match(await runCli(args), { code: 0, out: /^pruned {7}the lines up to seq 10$/m })
})

t.test('a log without its oldest files is not whole when nothing tells of them', async t => {
  const log = threeFileLog(FIRST, SECOND)
  log.files.delete(FIRST)
  const { args } = writeCopy(t, log)
  t.match(await runCli(args), {
    code: 1,
    out: /\(seq 11, \S+\) is where the log begins, and nothing tells of the lines before$/m,
  })
})

t.test('a checkpoint of an unknown key is a fault; a second key makes it known', async t => {
  const { args, dir } = writeCopy(t, threeFileLog(FIRST, SECOND))
  const other = createChainedLog()
  const known = join(dir, 'key.pub.pem')
  const key = join(dir, 'other.pem')
  writeFileSync(key, other.publicKey)
  const withOther = args.map(arg => (arg === known ? key : arg))
  const { code, out } = await runCli(withOther)
  t.equal(code, 1)
  t.match(
    out,
    /is signed by key \w{16}, which is not known; name its public half with --key FILE \(so are 2 later ones\)$/m,
  )
  t.match(await runCli([...withOther, '--key', known]), { code: 0 })
})

t.test('a head that was changed is a fault', async t => {
  const { args, dir } = writeCopy(t, threeFileLog(FIRST, SECOND))
  const head = join(dir, 'head.json')
  writeFileSync(head, readFileSync(head, 'utf8').replace('"seq":37', '"seq":30'))
  t.match(await runCli(args), {
    code: 1,
    out: /^fault: the log cannot be held against its head: .* it was changed$/m,
  })
})

t.test('a head without its signature is a fault', async t => {
  const { args, dir, file } = writeCopy(t, threeFileLog(FIRST, SECOND))
  const head = join(dir, 'head.json')
  const { v, node, time, waiting } = JSON.parse(readFileSync(head, 'utf8'))
  writeFileSync(head, JSON.stringify({ v, node, seq: 35, time, waiting }))
  writeFileSync(file, readFileSync(file, 'utf8').split('\n').slice(0, 9).join('\n').concat('\n'))
  t.match(await runCli(args), {
    code: 1,
    out: /^fault: the log is chained, but its head file is not signed/m,
  })
})

t.test('a chained log that nothing signs is a fault', async t => {
  const log = createChainedLog()
  log.pulls(200)
  const { args, dir } = writeCopy(t, log)
  rmSync(join(dir, 'head.json'))
  t.match(await runCli(args), {
    code: 1,
    out: /^fault: the log is chained, but neither a checkpoint nor a head file signs any of it$/m,
  })
})

t.test('hours without a checkpoint are a warning, and so are lines long behind the head', async t => {
  const log = createChainedLog()
  log.pulls(5)
  log.checkpoint()
  const head = log.head()
  log.line({ time: '2026-11-24T18:00:00.000Z' })
  const { args, dir } = writeCopy(t, log)
  writeFileSync(join(dir, 'head.json'), head)
  const { code, out } = await runCli(args)
  t.equal(code, 0)
  t.match(
    out,
    /^warning: no line behind seq 6 is signed by a checkpoint, though the log goes on from 2026-\S+ until 2026-\S+$/m,
  )
  t.match(
    out,
    /^warning: the head file was last written at 2026-\S+, .* nothing proves the lines behind seq 6$/m,
  )
})

t.test('lines that wait for a full disk are told', async t => {
  const { args, dir } = writeCopy(t, threeFileLog(FIRST, SECOND))
  const head = join(dir, 'head.json')
  writeFileSync(head, readFileSync(head, 'utf8').replace('"waiting":0', '"waiting":7'))
  t.match(await runCli(args), { code: 0, out: /^warning: at 2026-\S+ 7 lines waited in memory/m })
})

t.test('a missing head is a warning, and a fault with --strict', async t => {
  const { args, dir } = writeCopy(t, threeFileLog(FIRST, SECOND))
  rmSync(join(dir, 'head.json'))
  t.match(await runCli(args), { code: 0, out: /^warning: there is no head file/m })
  t.match(await runCli([...args, '--strict']), {
    code: 1,
    out: /^The log is not proven to be whole: 1 warning\.$/m,
  })
  const withoutHead = args.slice(0, -2)
  t.match(await runCli(withoutHead), { code: 0, out: /^warning: nothing proves the end of the log/m })
  t.match(await runCli([...withoutHead, '--no-head', '--strict']), { code: 0 })
})

t.test('lines that are not chained are a warning', async t => {
  const log = createChainedLog()
  log.isChained = false
  log.pulls(5)
  log.isChained = true
  log.pulls(5)
  log.isChained = false
  log.pulls(3)
  const { args } = writeCopy(t, log)
  const { code, out } = await runCli(args)
  t.equal(code, 0)
  t.match(out, 'warning: the lines from seq 1 to 5 are not chained: changes there are not seen\n')
  t.match(out, 'warning: the lines from seq 11 to 13 are not chained: changes there are not seen\n')
})

t.test('a node that got another name is a warning', async t => {
  const log = createChainedLog()
  log.pulls(5)
  log.node = 'gw-2'
  log.pulls(5)
  const { args } = writeCopy(t, log)
  t.match(await runCli(args), {
    code: 0,
    out: /^warning: line 6 of audit.jsonl \(seq 6, .*\): from here on the node is gw-2, before it was gw-1$/m,
  })
})

t.test('a line that is being written is no fault', async t => {
  const { args, file } = writeCopy(t, threeFileLog(FIRST, SECOND))
  writeFileSync(file, '{"v":1,"time":"2026-', { flag: 'a' })
  t.match(await runCli(args), { code: 0, out: /^warning: audit.jsonl ends in a part of a line \(line 12\)/m })
})

t.test('the configuration says where log, key and head are', async t => {
  const log = threeFileLog(FIRST, SECOND)
  const dir = tempDir(t)
  mkdirSync(join(dir, 'audit'))
  log.write(join(dir, 'audit'))
  renameSync(join(dir, 'audit/key.pub.pem'), join(dir, 'audit/checkpoint-key.pub.pem'))
  const config = writeConfigText(
    t,
    `state_dir: ${dir}
audit: {file: ${dir}/audit/audit.jsonl}
tls: {mode: off}
users: {}
acl: []
`,
  )
  t.match(await runCli(['audit', 'verify', '-c', config]), { code: 0, out: /^head {9}seq 37,/m })
})

t.test('a place without a log is an error', async t => {
  const file = join(tempDir(t), 'audit.jsonl')
  t.strictSame(await runCli(['audit', 'verify', '--file', file, '--no-head']), {
    code: 1,
    out: '',
    err: `error: there is no audit log at ${file}; name another with --file or -c\n`,
  })
})

t.test('what a line holds cannot steer the terminal', async t => {
  const log = createChainedLog()
  log.line({ action: 'audit.gap', kind: 'audit', count: 0, reason: 'bell \u0007 and \u009b31m red' })
  const { args } = writeCopy(t, log)
  const { out } = await runCli(args)
  t.match(out, 'bell \\u0007 and \\u009b31m red')
  const json = await runCli([...args, '-o', 'json'])
  t.match(json.out, 'bell \\u0007 and \\u009b31m red')
  t.match(JSON.parse(json.out), { gaps: [{ reason: 'bell \u0007 and \u009b31m red' }] })
})

t.test('a file without a public key is refused', async t => {
  const { args, file } = writeCopy(t, threeFileLog(FIRST, SECOND))
  const { code, err } = await runCli([...args, '--key', file])
  t.equal(code, 1)
  t.equal(err, `error: ${file} holds no public key in PEM; give the file checkpoint-key.pub.pem\n`)
})

t.test('without signatures the chain is checked all the same', async t => {
  const log = threeFileLog(FIRST, SECOND)
  const { args, file } = writeCopy(t, log)
  const keyless = args
    .map(arg => (arg === '--key' ? '--no-key' : arg))
    .filter(arg => !arg.endsWith('key.pub.pem'))
  t.match(await runCli(keyless), { code: 0, out: 'the signatures of the checkpoints were not looked at' })
  writeFileSync(file, readFileSync(file, 'utf8').replace('"status":200', '"status":404'))
  t.match(await runCli(keyless), { code: 1 })
})

t.test('a line without end and a file of zeros are faults, and no trouble', async t => {
  const { args, dir, file } = writeCopy(t, threeFileLog(FIRST, SECOND))
  const whole = readFileSync(file)
  writeFileSync(
    file,
    Buffer.concat([whole.subarray(0, 3000), Buffer.alloc(3_000_000, 'x'), whole.subarray(3000)]),
  )
  t.match(await runCli(args), { code: 1, out: /the line has \d+ bytes.*\nThe log is not whole: 1 fault\.$/m })
  writeFileSync(file, Buffer.alloc(100_000))
  t.match(await runCli(args), { code: 1, out: 'at the end of a log that the head file knows until seq 37' })
  rmSync(join(dir, SECOND))
  t.match(await runCli(args), { code: 1 })
})

t.test('an active file that was taken away is a cut', async t => {
  const { args, file } = writeCopy(t, threeFileLog(FIRST, SECOND))
  rmSync(file)
  t.match(await runCli(args), {
    code: 1,
    out: /^fault: the log ends with .* but the head file knows seq 37/m,
  })
})

t.test('a log that is no file is an error', async t => {
  const { args, file } = writeCopy(t, threeFileLog(FIRST, SECOND))
  rmSync(file)
  mkdirSync(file)
  t.strictSame(await runCli(args), {
    code: 1,
    out: '',
    err: `error: the audit log cannot be verified: ${file} is no regular file\n`,
  })
})

t.test('files that are none are left aside with a warning', async t => {
  const { args, dir } = writeCopy(t, threeFileLog(FIRST, SECOND))
  writeFileSync(join(dir, 'audit-2026-01-01T00-00-00.000.jsonl'), 'hello\n')
  writeFileSync(join(dir, 'audit.jsonl.9'), '')
  writeFileSync(join(dir, 'audit.jsonl.8.xz'), 'xz')
  mkdirSync(join(dir, 'audit.jsonl.7'))
  const { code, out } = await runCli(args)
  t.equal(code, 0)
  t.match(
    out,
    'warning: audit-2026-01-01T00-00-00.000.jsonl was left aside: it does not begin with a line of an audit log\n',
  )
  t.match(out, 'warning: audit.jsonl.9 was left aside: it is empty\n')
  t.match(out, 'warning: audit.jsonl.8.xz was left aside: it is compressed in another way than gzip\n')
  t.match(out, /^warning: audit.jsonl.7 was left aside: it cannot be read: .* is no regular file$/m)
})
