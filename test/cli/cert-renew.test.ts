import { PassThrough } from 'node:stream'
import t from 'tap'
import { readAnswer } from '../../src/cli/read-answer.ts'
import { freePort } from '../support/free-port.ts'
import { writeConfig } from '../support/landwaiter.ts'
import { startPebble } from '../support/pebble.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { startWithPebble } from './cert-support.ts'
import { runCli, writeConfigText } from './fake-terminal.ts'

t.test('a person renews and revokes certificates of the running server', async t => {
  const pebble = await startPebble(t, { blocklist: ['auth.test'] })
  const { file } = await startWithPebble(t, pebble)
  const cert = (args: readonly string[], options = {}) => runCli(['cert', ...args, '-c', file], options)
  const serial = async () => {
    const [status] = JSON.parse((await cert(['status', 'registry.test', '-o', 'json'])).out)
    return String(status.acme.serial)
  }
  await waitFor('a certificate', async () => (await cert(['status', 'registry.test'])).code === 0)
  const first = await serial()

  const renewed = await cert(['renew', 'Registry.test'], { isTty: true })
  t.strictSame({ code: renewed.code, err: renewed.err }, { code: 0, err: 'renewing Registry.test …\n' })
  t.match(renewed.out, /^registry\.test: new certificate of localhost_\d+, valid until 20\S+Z\n$/)
  const second = await serial()
  t.not(second, first)
  t.strictSame(await pebble.statusOf(first), { ...(await pebble.statusOf(first)), Status: 'Valid' })

  const all = await cert(['renew'])
  t.equal(all.code, 1, 'one of them cannot be had')
  t.match(all.err, /^registry\.test: new certificate of .*\nerror: auth\.test: .*rejectedIdentifier\)\n$/)
  t.strictSame(await cert(['renew', 'other.test']), {
    code: 1,
    out: '',
    err: 'error: other.test is not one of registry.test, auth.test\n',
  })

  const third = await serial()
  t.strictSame(await cert(['revoke', 'registry.test'], { typed: [''] }), {
    code: 1,
    out: '',
    err: 'revoke the certificate of registry.test? [y/N] nothing was revoked\n',
  })
  t.match(await pebble.statusOf(third), { Status: 'Valid' })
  const revoked = await cert(['revoke', 'registry.test', '--reason', 'key-compromise'], { typed: ['y'] })
  t.equal(revoked.code, 0)
  t.match(
    revoked.out,
    new RegExp(`^registry\\.test: ${third} was revoked\nregistry\\.test: new certificate of `),
  )
  t.match(await pebble.statusOf(third), { Status: 'Revoked', Reason: 1 })
  const fourth = await serial()
  t.not(fourth, third)
  t.match(await cert(['revoke', 'registry.test', '--yes']), { code: 0 })
  t.match(await pebble.statusOf(fourth), { Status: 'Revoked' })
  t.strictSame(await cert(['revoke', 'auth.test', '--yes']), {
    code: 1,
    out: '',
    err: 'error: auth.test has no certificate\n',
  })
})

t.test('what cannot be done is said before anybody is asked', async t => {
  const port = await freePort()
  const acme = { domains: { registry: 'registry.test' }, tls: { mode: 'acme' } }
  const stopped = writeConfig(tempDir(t), { ...acme, listen: { admin: `127.0.0.1:${port}` } })
  const off = writeConfig(tempDir(t), { ...acme, listen: { admin: 'off' } })
  const own = writeConfigText(t, 'tls: {mode: internal}\nusers: {}\nacl: []\n')
  const rows = [
    [
      ['renew', '-c', stopped],
      1,
      `error: http://127.0.0.1:${port}/certificates/renew does not answer: connect ECONNREFUSED 127.0.0.1:${port}\n`,
    ],
    [['renew', '-c', off], 1, 'error: listen.admin is off, so the running server cannot be asked\n'],
    [['renew', '-c', own], 1, 'error: tls.mode is internal; only certificates by ACME can be renewed\n'],
    [
      ['revoke', 'x', '--yes', '-c', own],
      1,
      'error: tls.mode is internal; only certificates by ACME can be revoked\n',
    ],
    [
      ['revoke', 'x', '-c', own],
      2,
      'error: nobody can be asked here whether to revoke; say --yes; see landwaiter --help\n',
    ],
    [
      ['revoke', 'x', '--yes', '--reason', 'boredom', '-c', own],
      2,
      "error: option '--reason <word>' argument 'boredom' is invalid. Allowed choices are unspecified, key-compromise, affiliation-changed, superseded, cessation-of-operation; see landwaiter --help\n",
    ],
    [['revoke'], 2, "error: missing required argument 'name'; see landwaiter --help\n"],
    [
      ['renew', '-c', '/nonexistent/c.yml'],
      3,
      '/nonexistent/c.yml: error: cannot read the configuration: no such file\n',
    ],
  ] as const
  for (const [args, code, err] of rows) t.strictSame(await runCli(['cert', ...args]), { code, out: '', err })
})

t.test('an answer is one line, and the end of the input is none', async t => {
  const output = new PassThrough().setEncoding('utf8')
  const input = new PassThrough()
  const answer = readAnswer('sure? ', { input, output })
  input.write('y\nmore\n')
  t.equal(await answer, 'y')
  const closed = new PassThrough()
  closed.end()
  t.equal(await readAnswer('sure? ', { input: closed, output }), '')
  t.equal(output.read(), 'sure? sure? \n')
})
