import { spawn } from 'node:child_process'
import { once } from 'node:events'
import bcrypt from 'bcryptjs'
import t from 'tap'
import type { Scope } from '../support/scope.ts'
import { waitFor } from '../support/wait-for.ts'
import { runCli } from './fake-terminal.ts'
import { landwaiter, MAIN } from './landwaiter-command.ts'

const FAST = ['hash-password', '--cost', '4']

t.test('one line of standard input becomes a hash that users: takes', async t => {
  const cases = [
    { input: 'secret\n', password: 'secret' },
    { input: 'no end of line', password: 'no end of line' },
    { input: 'carriage return\r\n', password: 'carriage return' },
    { input: 'first\nsecond\n', password: 'first' },
    { input: ' spaces count \n', password: ' spaces count ' },
    { input: 'pässwörd €\n', password: 'pässwörd €' },
    { input: `${'x'.repeat(72)}\n`, password: 'x'.repeat(72) },
  ]
  const results = await Promise.all(cases.map(({ input }) => landwaiter(FAST, { input })))
  for (const [index, { password }] of cases.entries()) {
    const { code, stdout = '', stderr } = results[index] ?? {}
    t.strictSame({ code, stderr }, { code: 0, stderr: '' }, 'no prompt without a terminal')
    t.match(stdout, /^\$2y\$04\$[./A-Za-z0-9]{53}\n$/)
    t.ok(bcrypt.compareSync(password, stdout.trim()), JSON.stringify(password))
  }
})

t.test('the cost is 10 unless told otherwise', async t => {
  const { out } = await runCli(['hash-password'], { typed: ['secret', 'secret'] })
  t.equal(bcrypt.getRounds(out.trim()), 10)
})

t.test('a password that would not do is refused', async t => {
  const long = 'error: bcrypt reads only the first 72 bytes of a password; choose a shorter one\n'
  const cases = [
    { input: '', stderr: 'error: the password is empty\n' },
    { input: '\n', stderr: 'error: the password is empty\n' },
    { input: `${'x'.repeat(73)}\n`, stderr: long },
    { input: `${'€'.repeat(25)}\n`, stderr: long, why: 'bytes count, not characters' },
  ]
  for (const { input, stderr } of cases) {
    t.strictSame(await landwaiter(FAST, { input }), { code: 1, stdout: '', stderr })
  }
})

t.test('what is typed is typed twice', async t => {
  const same = await runCli(FAST, { typed: ['secret', 'secret'] })
  t.ok(bcrypt.compareSync('secret', same.out.trim()))
  t.strictSame(await runCli(FAST, { typed: ['secret', 'secert'] }), {
    code: 1,
    out: '',
    err: 'Password: Again:    error: the two passwords differ\n',
  })
  t.strictSame(await runCli(FAST, { typed: [''] }), {
    code: 1,
    out: '',
    err: 'Password: error: the password is empty\n',
  })
})

/** A terminal with `landwaiter hash-password` on it. */
function typeAt(t: Scope) {
  const command = [process.execPath, MAIN, ...FAST].map(word => `'${word}'`).join(' ')
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'])
  t.teardown(() => child.kill())
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
  })
  return {
    type: async (prompt: string, keys: string) => {
      await waitFor(`the prompt ${prompt}`, () => screen.endsWith(prompt))
      child.stdin.write(keys)
    },
    ended: once(child, 'close').then(([code]) => ({ code, screen })),
  }
}

t.test('a terminal shows nothing of the password', async t => {
  const { type, ended } = typeAt(t)
  await type('Password: ', 'secrex\x7ft\r')
  await type('Again:    ', 'secret\r')
  const { code, screen } = await ended
  t.equal(code, 0)
  const [, hash = ''] = /^Password: \r\nAgain: {4}\r\n(\$2y\$04\$\S+)\r\n$/.exec(screen) ?? []
  t.ok(bcrypt.compareSync('secret', hash), 'a mistake can be taken back')
})

t.test('Ctrl-C at the prompt ends it', async t => {
  const { type, ended } = typeAt(t)
  await type('Password: ', 'sec\x03')
  const { code, screen } = await ended
  t.equal(code, 1)
  t.match(screen, /^Password: \r?\n?error: the password is empty\r\n$/)
})
