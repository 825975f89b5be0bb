import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { becomeOwner } from '../../src/cli/become-owner.ts'
import { fileError } from '../../src/cli/file-error.ts'
import { freePort } from '../support/free-port.ts'
import { writeConfig } from '../support/landwaiter.ts'
import { startLandwaiterProcess } from '../support/landwaiter-process.ts'
import { startPebble } from '../support/pebble.ts'
import type { Scope } from '../support/scope.ts'
import { tempDir } from '../support/temp-dir.ts'
import { caddyData } from '../tls/caddy-support.ts'
import { makePair } from '../tls/support.ts'
import { acmeConfig } from './cert-support.ts'
import { runCli, writeConfigText } from './fake-terminal.ts'
import { landwaiter } from './landwaiter-command.ts'

/** A configuration for certificates by ACME whose server is not running. */
async function stoppedServer(t: Scope, changes: Readonly<Record<string, unknown>> = {}) {
  const dir = tempDir(t)
  const file = writeConfig(dir, {
    domains: { registry: 'registry.test' },
    listen: { admin: `127.0.0.1:${await freePort()}` },
    tls: { mode: 'acme', acme: { directory: 'https://localhost:1/dir' } },
    ...changes,
  })
  const cert = (...args: readonly string[]) => runCli(['cert', ...args, '-c', file])
  return { dir, file, cert }
}

t.test('the certificates of a real Caddy are served without an order', async t => {
  const pebble = await startPebble(t, { nonceReject: 0 })
  const data = await caddyData(t, pebble, ['registry.test', 'old.test'])
  const dir = tempDir(t)
  const config = {
    ...(await acmeConfig(pebble)),
    domains: { registry: 'registry.test' },
    state_dir: join(dir, 'state'),
  }
  const file = writeConfig(dir, config)
  const imported = await landwaiter(['cert', 'import', data, '-c', file])
  t.strictSame(imported.code, 0)
  t.match(
    imported.stdout,
    /^imported the account at localhost_\d+\n(imported (registry|old)\.test\n){2}a running server takes this over within half a minute\n$/,
  )
  t.equal(imported.stderr, 'note: old.test is not in domains or tls.acme.names, so it is not served\n')
  const again = await runCli(['cert', 'import', data, '-c', file])
  t.equal(again.code, 0)
  t.match(again.out, /^(kept (registry|old)\.test: what is here lasts as long\n){2}$/)

  const server = await startLandwaiterProcess(t, config)
  const [status] = JSON.parse((await runCli(['cert', 'status', '-o', 'json', '-c', file])).out)
  t.match(status, { names: ['registry.test'], acme: { isStopGap: false, authority: /^localhost_\d+$/ } })
  await server.stop()
  t.strictSame(
    server
      .audit()
      .map(({ action }) => action)
      .filter(action => action.startsWith('cert.')),
    [],
  )
})

t.test('PEM files are imported, exported and imported again', async t => {
  const { dir, cert } = await stoppedServer(t)
  const pair = makePair({ directory: dir, file: 'pair', names: 'DNS:registry.test,DNS:other.test' })
  t.strictSame(await cert('import', pair.certificate, pair.key), {
    code: 0,
    out: 'imported registry.test\nimported other.test\na running server takes this over within half a minute\n',
    err: 'note: other.test is not in domains or tls.acme.names, so it is not served\n',
  })
  t.match(await cert('status'), {
    code: 0,
    out: /^registry\.test {2}valid\n(.*\n)*? {2}issued by {6}imported:file: CN=pair\n/,
  })

  const out = join(dir, 'out')
  t.match(await cert('export', 'registry.test', out, '--mode', '0640'), {
    code: 0,
    out: new RegExp(
      `^${out}: certificate of registry\\.test by imported:file, valid until 20.* in 29 days\n$`,
    ),
    err: '',
  })
  t.equal(readFileSync(join(out, 'fullchain.pem'), 'utf8'), readFileSync(pair.certificate, 'utf8'))
  t.equal(statSync(join(out, 'privkey.pem')).mode & 0o777, 0o640)
  await cert('export', 'registry.test', out)
  t.equal(statSync(join(out, 'privkey.pem')).mode & 0o777, 0o600)
  const both = join(dir, 'both.pem')
  writeFileSync(both, readFileSync(pair.certificate, 'utf8') + readFileSync(pair.key, 'utf8'))
  t.match(await cert('import', both), {
    code: 0,
    out: /^kept registry\.test: what is here lasts as long\nkept other\.test: .*\n$/,
  })
})

t.test('a wildcard from elsewhere serves the names that it covers', async t => {
  const { dir, cert } = await stoppedServer(t)
  const pair = makePair({ directory: dir, file: 'pair', names: 'DNS:*.test' })
  t.match(await cert('import', pair.certificate, pair.key), {
    code: 0,
    out: /^imported \*\.test\nimported registry\.test\na running/,
    err: /^note: \*\.test is not in /,
  })
  t.match(await cert('status'), { code: 0, out: /^registry\.test {2}valid\n {2}names {10}\*\.test\n/ })
})

t.test('what cannot be imported says why, and nothing is stored', async t => {
  const { dir, cert } = await stoppedServer(t)
  const pair = makePair({ directory: dir, file: 'pair', names: 'DNS:registry.test' })
  const other = makePair({ directory: dir, file: 'other', names: 'DNS:registry.test' })
  const empty = join(dir, 'empty')
  mkdirSync(empty)
  const internal = join(dir, 'caddy')
  mkdirSync(join(internal, 'certificates', 'local', 'localhost'), { recursive: true })
  writeFileSync(join(internal, 'certificates', 'local', 'localhost', 'localhost.crt'), '')
  const rows = [
    [
      [pair.certificate, other.key],
      1,
      `error: ${other.key}: is not the key of the certificate in ${pair.certificate}\n`,
    ],
    [[pair.certificate], 1, `error: ${pair.certificate}: holds no usable PEM private key\n`],
    [[pair.certificate, join(dir, 'gone')], 1, `error: ${dir}/gone: does not exist\n`],
    [[join(dir, 'gone')], 1, `error: ${dir}/gone: does not exist\n`],
    [
      [empty],
      1,
      `error: ${empty}: holds no data of Caddy 2; name the folder in which there is "certificates", such as /data/caddy\n`,
    ],
    [[empty, pair.key], 2, `error: ${empty} is a folder, so no key can be given beside it\n`],
    [
      [internal],
      1,
      `skipped ${internal}/certificates/local/localhost/localhost: is from the internal authority of Caddy\nerror: ${internal} holds nothing that can be taken over\n`,
    ],
  ] as const
  for (const [args, code, err] of rows) t.strictSame(await cert('import', ...args), { code, out: '', err })
  t.match(await cert('status'), { code: 1, out: /^registry\.test {2}no certificate yet\n/ })
})

t.test('only with certificates by ACME is there anything to import to', async t => {
  const file = writeConfigText(t, 'tls: {mode: internal}\nusers: {}\nacl: []\n')
  t.strictSame(await runCli(['cert', 'import', tempDir(t), '-c', file]), {
    code: 1,
    out: '',
    err: 'error: tls.mode is internal; only acme keeps certificates that can be imported\n',
  })
})

t.test('what root imports belongs to the server', async t => {
  const { dir, file } = await stoppedServer(t)
  const state = join(dir, 'state')
  mkdirSync(state)
  const pair = makePair({ directory: dir, file: 'pair', names: 'DNS:registry.test' })
  const us = process.getuid?.() ?? 0
  const owner = us === 0 ? 12_345 : us
  chownSync(state, owner, us === 0 ? 12_345 : (process.getgid?.() ?? 0))
  chmodSync(dir, 0o755)
  const imported = await landwaiter(['cert', 'import', pair.certificate, pair.key, '-c', file])
  t.match(imported, { code: 0, stderr: '' })
  const entries = readdirSync(join(state, 'acme'), { recursive: true, encoding: 'utf8' })
  t.ok(entries.some(entry => entry.endsWith('00000001.json')))
  for (const entry of entries) t.equal(statSync(join(state, 'acme', entry)).uid, owner, entry)
})

t.test('nobody else writes what the server could not read', async t => {
  const dir = tempDir(t)
  await becomeOwner([join(dir, 'absent'), dir])
  await becomeOwner([join(dir, 'absent')])
  if (process.getuid?.() === 0) return
  await t.rejects(becomeOwner(['/']), {
    message: /^\/: belongs to uid 0, who could not read what uid \d+ writes; run this as uid 0$/,
  })
})

t.test('what cannot be exported says why', async t => {
  const { dir, cert } = await stoppedServer(t)
  t.strictSame(await cert('export', 'registry.test', dir), {
    code: 1,
    out: '',
    err: `error: ${dir}/state/acme: does not exist\n`,
  })
  const pair = makePair({ directory: dir, file: 'pair', names: 'DNS:registry.test' })
  await cert('import', pair.certificate, pair.key)
  t.strictSame(await cert('export', 'other.test', dir), {
    code: 1,
    out: '',
    err: 'error: other.test: there is no certificate to export\n',
  })
  const { code, err } = await cert('export', 'registry.test', pair.certificate)
  t.strictSame({ code, err }, { code: 1, err: `error: ${pair.certificate}: cannot be used (EEXIST)\n` })
  for (const mode of ['0644', '600x', '0040', '640640']) {
    t.match(await cert('export', 'registry.test', dir, '--mode', mode), {
      code: 2,
      err: /It takes octal digits that give nothing to others, such as 0640; see/,
    })
  }
})

t.test('errors that no file caused are left as they are', async t => {
  const error = new TypeError('ours')
  t.equal(fileError(error), error)
  t.equal(fileError('text'), 'text')
})
