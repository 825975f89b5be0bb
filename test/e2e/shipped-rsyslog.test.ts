import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startProcess } from '../support/background-process.ts'
import { createClientCa } from '../support/client-ca.ts'
import { findOnPath } from '../support/find-prepared.ts'
import { freePort } from '../support/free-port.ts'
import { isListening } from '../support/is-listening.ts'
import { startLandwaiter } from '../support/landwaiter.ts'
import { runCommand } from '../support/run-command.ts'
import { shippedFile, shippedPath } from '../support/shipped-file.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const RSYSLOGD = findOnPath('rsyslogd', ['/usr/sbin']) ?? 'rsyslogd'
const KEYS = '/etc/rsyslog.d/landwaiter'

t.test('rsyslogd finds no fault in the files', async t => {
  for (const name of ['landwaiter.conf', 'landwaiter-imfile.conf']) {
    const { main, pid } = mainConfig(t, shippedPath(`rsyslog/${name}`))
    const run = await runCommand(RSYSLOGD, ['-N1', '-i', pid, '-f', main])
    t.equal(run.code, 0, name + run.stderr)
    t.notMatch(run.stderr, /error|warning/i, name)
  }
})

t.test('lines go from the log over TLS into one file a day, as they are', async t => {
  const port = String(await freePort())
  const keys = writeKeys(t)
  const collected = tempDir(t)
  await startRsyslog(t, 'landwaiter.conf', {
    [KEYS]: keys,
    '6514': port,
    '/var/log/landwaiter': collected,
  })
  await waitFor('the receiver listens', () => isListening(Number(port)))
  const landwaiter = await startLandwaiter(t)
  await startRsyslog(t, 'landwaiter-imfile.conf', {
    [KEYS]: keys,
    'logs.example.com': 'localhost',
    '6514': port,
    '/var/log/landwaiter/audit.jsonl': landwaiter.auditFile,
  })
  const awkward = 'tabs\tand "quotes" and a name of ümlauts'
  for (let i = 0; i < 20; i += 1) {
    await landwaiter.request('/auth', { headers: { authorization: 'Basic eDp5', 'user-agent': awkward } })
  }
  renameSync(landwaiter.auditFile, `${landwaiter.auditFile}.1`)
  await landwaiter.app.reopenAudit()
  await landwaiter.request('/auth', {
    headers: { authorization: 'Basic eDp5', 'user-agent': 'x'.repeat(7000) },
  })
  const written = () =>
    [`${landwaiter.auditFile}.1`, landwaiter.auditFile].flatMap(file => linesOf(file)).toSorted()
  const received = () => linesOf(dayFile(collected)).toSorted()
  await waitFor('all lines', () => received().length >= written().length, 20_000)
  t.strictSame(received(), written())
})

function dayFile(dir: string): string {
  return join(dir, hostname(), `audit-${new Date().toISOString().slice(0, 10)}.jsonl`)
}

function linesOf(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
}

/** Files with the names that the recipes have, for `localhost`. */
function writeKeys(t: Test): string {
  const ca = createClientCa(t, 'logs')
  const pair = ca.issue({ subject: '/CN=localhost', names: 'DNS:localhost', usage: 'serverAuth' })
  const dir = tempDir(t)
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'ca.pem'), readFileSync(ca.file))
  writeFileSync(join(dir, 'cert.pem'), readFileSync(pair.certFile))
  writeFileSync(join(dir, 'key.pem'), readFileSync(pair.keyFile))
  return dir
}

async function startRsyslog(t: Test, name: string, changes: Readonly<Record<string, string>>) {
  const { main, pid } = mainConfig(t, shippedFile(t, `rsyslog/${name}`, changes))
  const server = await startProcess(t, [RSYSLOGD, '-n', '-f', main, '-i', pid])
  await server.ready('it has started', () => existsSync(pid))
}

/** As Debian's rsyslog.conf, which has a directory for its own files and reads the recipes. */
function mainConfig(t: Test, recipe: string) {
  const dir = tempDir(t)
  const main = join(dir, 'rsyslog.conf')
  writeFileSync(main, `global(workDirectory="${dir}")\n$IncludeConfig ${recipe}\n`)
  return { main, pid: join(dir, 'pid') }
}
