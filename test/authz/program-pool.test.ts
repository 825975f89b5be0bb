import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openProgramPool, type ProgramPool, type ProgramSettings } from '../../src/authz/program-pool.ts'
import { waitFor } from '../support/wait-for.ts'
import { isRunning, linesOf, writeProgram } from './write-program.ts'

type Options = Partial<ProgramSettings> & {
  readonly output?: 'read' | 'ignored'
  readonly environment?: Readonly<Record<string, string>>
}

const PATH = process.env['PATH'] ?? ''

async function open(t: Test, command: string, options: Options = {}): Promise<ProgramPool> {
  const { output = 'read', environment = { PATH }, ...rest } = options
  const settings = { command, args: [], timeout_ms: 10_000, max_concurrency: 8, env: [], ...rest }
  const pool = await openProgramPool(settings, { env: environment, output })
  t.teardown(() => pool.close())
  return pool
}

const openScript = (t: Test, text: string, options?: Options) =>
  open(t, writeProgram(t, `#!/bin/sh\n${text}`).path, options)

const exited = (code: number, stdout = '', stderr = '') => ({ outcome: 'exited', code, stdout, stderr })
const failed = (reason: string) => ({ outcome: 'failed', reason })

t.test('tells how a program ended', async t => {
  const rows: readonly [script: string, result: object, why: string][] = [
    ['cat', exited(0, 'alice s3cret'), 'the input is whole and has no line end'],
    ['exit 0', exited(0), 'it does not read its input'],
    ['cat >/dev/null; echo no >&2; exit 3', exited(3, '', 'no\n'), 'it complains'],
    ['exit 255', exited(255), 'the highest exit code'],
    ['kill -9 $$', failed('it was killed by SIGKILL'), 'it is killed'],
    ['kill -15 $$', failed('it was killed by SIGTERM'), 'it is told to end'],
    ['head -c 65536 /dev/zero | tr "\\0" a', exited(0, 'a'.repeat(65_536)), 'as much output as there may be'],
    ['yes | head -c 65537', failed('it wrote more than 65536 bytes'), 'one byte more'],
    ['yes | head -c 1048576', failed('it wrote more than 65536 bytes'), 'a mebibyte of output'],
    ['yes >&2 & sleep 0.1; exit 1', exited(1, '', 'y\n'.repeat(256)), 'no end of complaints, cut'],
    ['exec >&- 2>&-; exit 2', exited(2), 'it closes its outputs'],
  ]
  for (const [script, result, why] of rows) {
    const pool = await openScript(t, script)
    t.strictSame(await pool.run('alice s3cret'), result, why)
  }
})

t.test('takes inputs larger than a pipe, read or not', async t => {
  const input = 'x'.repeat(1024 * 1024)
  const counts = await openScript(t, 'wc -c')
  t.strictSame(await counts.run(input), exited(0, '1048576\n'))
  const ignores = await openScript(t, 'exit 7')
  t.strictSame(await ignores.run(input), exited(7))
  const closes = await openScript(t, 'exec <&-; sleep 0.1; exit 8')
  t.strictSame(await closes.run(input), exited(8))
})

t.test('reads no output that is not wanted', async t => {
  const pool = await openScript(t, 'yes | head -c 1048576; exit 1', { output: 'ignored' })
  t.strictSame(await pool.run(''), exited(1))
})

t.test('passes arguments as they are, without a shell', async t => {
  const pool = await openScript(t, 'printf "[%s]" "$@"', { args: ['a b', '$HOME; exit 9', '', '*'] })
  t.strictSame(await pool.run(''), exited(0, '[a b][$HOME; exit 9][][*]'))
})

t.test('shows a program the harmless variables and those that are named', async t => {
  const environment = { PATH, HOME: '/home/lw', LANG: 'C', SECRET: 'x', LDAP_URL: 'ldap://a' }
  const pool = await openScript(t, 'env', { environment, env: ['LDAP_URL', 'NOT_SET'] })
  const result = await pool.run('')
  const output = 'stdout' in result ? result.stdout : ''
  const names = Array.from(output.matchAll(/^(\w+)=/gm), ([, name = '']) => name)
  // The shell adds some, and so does tap to every process that a test starts.
  const added = /^(PWD|OLDPWD|SHLVL|_|NODE_OPTIONS|_TAPJS_.*)$/
  t.strictSame(names.filter(name => !added.test(name)).sort(), ['HOME', 'LANG', 'LDAP_URL', 'PATH'])
})

t.test('kills a program that takes too long, and all its children', async t => {
  const { path, dir } = writeProgram(
    t,
    '#!/bin/sh\ntrap "" TERM\nsleep 600 & echo $! >>$DIR/pids; echo $$ >>$DIR/pids\nwait',
  )
  const pool = await open(t, path, { timeout_ms: 1_500 })
  t.strictSame(await pool.run(''), failed('it did not end within 1500 ms'))
  const pids = linesOf(join(dir, 'pids')).map(Number)
  t.equal(pids.length, 2)
  await waitFor('all are gone', () => !pids.some(isRunning))
})

t.test('leaves no children behind and does not wait for them', async t => {
  const { path, dir } = writeProgram(t, '#!/bin/sh\nsleep 600 & echo $! >$DIR/pids; echo done; exit 0')
  const pool = await open(t, path)
  t.strictSame(await pool.run(''), exited(0, 'done\n'), 'though the child holds its output open')
  const pids = linesOf(join(dir, 'pids')).map(Number)
  t.equal(pids.length, 1)
  await waitFor('it is gone', () => !pids.some(isRunning))
})

t.test('does not wait for a child that left the group with its output', async t => {
  const { path, dir } = writeProgram(
    t,
    "#!/bin/sh\nsetsid sh -c 'echo $$ >$DIR/pid; exec sleep 600' &\nwhile ! [ -s $DIR/pid ]; do sleep 0.02; done\necho done",
  )
  t.teardown(() => linesOf(join(dir, 'pid')).map(pid => process.kill(Number(pid), 'SIGKILL')))
  const pool = await open(t, path)
  t.strictSame(await pool.run(''), exited(0, 'done\n'))
})

t.test('runs no more at a time than allowed, and all in the end', async t => {
  const { path, dir } = writeProgram(
    t,
    '#!/bin/sh\nread n\nmkdir $DIR/run.$n\nset -- $DIR/run.*\necho $# >>$DIR/seen\nsleep 0.1\nrmdir $DIR/run.$n\necho $n',
  )
  const pool = await open(t, path, { max_concurrency: 3 })
  const results = await Promise.all(Array.from({ length: 12 }, (_, n) => pool.run(`${n}\n`)))
  t.strictSame(
    results,
    Array.from({ length: 12 }, (_, n) => exited(0, `${n}\n`)),
  )
  const seen = linesOf(join(dir, 'seen')).map(Number)
  t.equal(seen.length, 12)
  t.equal(Math.max(...seen), 3)
})

t.test('turns away what finds the queue full or waits too long', async t => {
  const pool = await openScript(t, 'sleep 600', { max_concurrency: 1 })
  const first = pool.run('')
  const queued = Array.from({ length: 128 }, () => pool.run(''))
  const overload = { ...failed('too many runs at once'), isOverload: true }
  t.strictSame(await pool.run(''), overload, 'the queue is full')
  await pool.close()
  t.strictSame(await first, failed('the server is stopping'))
  for (const run of queued) t.strictSame(await run, failed('the server is stopping'))

  const slow = await openScript(t, 'sleep 600', { max_concurrency: 1, timeout_ms: 300 })
  const [ran, waited] = await Promise.all([slow.run(''), slow.run('')])
  t.strictSame(ran, failed('it did not end within 300 ms'))
  t.strictSame(waited, overload)
})

t.test('leaves no process when it closes, and starts none after', async t => {
  const { path, dir } = writeProgram(
    t,
    '#!/bin/sh\necho $$ >>$DIR/pids\nsleep 600 & echo $! >>$DIR/pids\nwait',
  )
  const pool = await open(t, path, { max_concurrency: 4 })
  const runs = Array.from({ length: 6 }, () => pool.run(''))
  await waitFor('four run', () => linesOf(join(dir, 'pids')).length === 8)
  await pool.close()
  const pids = linesOf(join(dir, 'pids')).map(Number)
  await waitFor('all are gone', () => !pids.some(isRunning))
  for (const run of runs) t.equal((await run).outcome, 'failed')
  t.equal((await pool.run('')).outcome, 'failed')
  t.equal(linesOf(join(dir, 'pids')).length, 8)
})

t.test('finds a program as a shell does, before the first run', async t => {
  const { path, dir } = writeProgram(t, '#!/bin/sh\necho "$0"')
  const byName = await open(t, 'program.sh', { environment: { PATH: `relative::/nonexistent:${dir}` } })
  t.strictSame(await byName.run(''), exited(0, `${path}\n`))
  const rows: readonly [command: string, message: RegExp][] = [
    ['no-such-program', /^no-such-program: no such program on the PATH$/],
    [join(dir, 'gone'), /gone: no such program, or it is not executable$/],
    ['/etc/passwd', /^\/etc\/passwd: no such program, or it is not executable$/],
    ['/tmp', /^\/tmp: no such program, or it is not executable$/],
  ]
  for (const [command, message] of rows) {
    await t.rejects(open(t, command), { name: 'ExternalFileError', file: command, message }, command)
  }
})

t.test('fails when a program cannot be started after all', async t => {
  const pool = await open(t, writeProgram(t, '#!/nonexistent/interpreter\n').path)
  t.match(await pool.run(''), { outcome: 'failed', reason: /^it cannot be started: .*ENOENT/ })
  const tooLong = await openScript(t, 'exit 0', { args: ['x'.repeat(4 * 1024 * 1024)] })
  t.match(await tooLong.run(''), { outcome: 'failed', reason: /^it cannot be started: .*E2BIG/ })
})
