import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startLandwaiter, writeConfig } from '../support/landwaiter.ts'
import { runCommand } from '../support/run-command.ts'
import { tempDir } from '../support/temp-dir.ts'
import { runCli, writeConfigText } from './fake-terminal.ts'
import { landwaiter, MAIN } from './landwaiter-command.ts'

t.test('before the first start there is nothing to print', async t => {
  const dir = tempDir(t)
  const file = writeConfig(dir, {})
  t.strictSame(await runCli(['ca', '-c', file]), {
    code: 1,
    out: '',
    err: `error: ${dir}/state/ca/ca.pem does not exist yet; the first start makes it\n`,
  })
})

t.test(
  'afterwards it is the root of the certificate that clients meet, and says how to trust it',
  async t => {
    const gateway = await startLandwaiter(t)
    const file = join(gateway.dir, 'config.yml')
    const { code, stdout, stderr } = await landwaiter(['ca', '-c', file])
    t.strictSame({ code, stderr }, { code: 0, stderr: '' })
    const root = join(gateway.dir, 'root.crt')
    writeFileSync(root, stdout)
    const shown = await runCommand('openssl', ['x509', '-in', root, '-noout', '-subject', '-text'])
    t.match(shown.stdout, /landwaiter/)
    t.match(shown.stdout, /CA:TRUE/)
    // The whole text as a CA file, help and all.
    const met = await runCommand('openssl', [
      's_client',
      ...['-connect', gateway.host, '-servername', 'localhost', '-verify_hostname', 'localhost'],
      ...['-CAfile', root, '-verify_return_error'],
    ])
    t.match(met.stdout, /Verify return code: 0 \(ok\)/)
    t.match(stdout, /^# .*\/etc\/docker\/certs\.d\/localhost:0\b/m)
    t.notOk(/^(?!#|-----|[A-Za-z0-9+/=]+$)./m.test(stdout), 'nothing but the certificate and comments')
  },
)

t.test('the port in the help is the one that clients type', async t => {
  const gateway = await startLandwaiter(t)
  const ca = async (config: Readonly<Record<string, unknown>>) => {
    const dir = tempDir(t)
    const file = writeConfig(dir, { ...config, state_dir: join(gateway.dir, 'state') })
    return (await runCli(['ca', '-c', file])).out
  }
  const docker = (host: string) => `mkdir -p '/etc/docker/certs.d/${host}' &&`
  t.match(await ca({ domains: { registry: 'r.test' }, listen: { https: ':443' } }), docker('r.test'))
  t.match(await ca({ domains: { registry: 'r.test' }, listen: { https: ':8443' } }), docker('r.test:8443'))
  const mapped = { domains: { registry: 'r.test:5443' }, listen: { https: ':443' } }
  t.match(await ca(mapped), docker('r.test:5443'), 'a container publishes its port under another')
})

t.test('only tls.mode internal has a root of its own', async t => {
  const file = writeConfigText(t, 'tls: {mode: off}\nusers: {}\nacl: []\n')
  const { code, out, err } = await runCli(['ca', '-c', file])
  t.strictSame(
    { code, out, err },
    { code: 1, out: '', err: 'error: tls.mode is off; only internal and acme have a root of their own\n' },
  )
})

t.test('a root that cannot be read is told', async t => {
  const dir = tempDir(t)
  const file = writeConfig(dir, { state_dir: join(dir, 'config.yml') })
  const { code, err } = await runCli(['ca', '-c', file])
  t.strictSame({ code, err }, { code: 1, err: `error: ${file}/ca/ca.pem cannot be read (ENOTDIR)\n` })
})

t.test('a reader that has seen enough is no fault, a full disk is', async t => {
  const gateway = await startLandwaiter(t)
  const file = join(gateway.dir, 'config.yml')
  const shell = (script: string) =>
    runCommand('bash', ['-o', 'pipefail', '-c', script, process.execPath, MAIN, file])
  t.strictSame(await shell('"$0" "$1" ca -c "$2" | head -1'), {
    code: 0,
    stdout: '-----BEGIN CERTIFICATE-----\n',
    stderr: '',
  })
  t.strictSame(await shell('"$0" "$1" ca -c "$2" | true'), { code: 0, stdout: '', stderr: '' })
  t.strictSame(await shell('"$0" "$1" ca -c "$2" > /dev/full'), {
    code: 1,
    stdout: '',
    stderr: 'error: standard output cannot be written (ENOSPC)\n',
  })
})
