import { copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { basic, startLandwaiter } from '../support/landwaiter.ts'
import { runCommand } from '../support/run-command.ts'
import { shippedFile, shippedPath } from '../support/shipped-file.ts'
import { tempDir } from '../support/temp-dir.ts'
import { FORGED } from './audit-log-rows.ts'

const FILTER = shippedPath('fail2ban/landwaiter.conf')

t.test('fail2ban finds the address and the time of each failed login, and no other', async t => {
  const landwaiter = await startLandwaiter(t, { config: { trusted_proxies: ['127.0.0.1'] } })
  const from = (address: string) => ({ 'x-forwarded-for': address })
  const login = (address: string, name: string, password: string, agent = 'docker/27.3.1') =>
    landwaiter.request('/auth', {
      headers: { ...from(address), authorization: basic(name, password), 'user-agent': agent },
    })
  await login('198.51.100.1', 'admin', 'wrong')
  await login('198.51.100.2', 'not a name "}', 'wrong', FORGED)
  await login('2001:db8::3', 'nobody', 'wrong')
  await landwaiter.request('/v2/', {
    headers: { ...from('198.51.100.4'), authorization: basic('admin', 'quay') },
  })
  await login('198.51.100.5', 'admin', 'admin-password')
  await landwaiter.request('/v2/', { headers: { ...from('198.51.100.6'), authorization: 'Bearer x.y.z' } })
  await landwaiter.request('/v2/team/web/tags/list', { headers: from('198.51.100.7') })

  const log = landwaiter.auditFile
  const found = await runCommand('fail2ban-regex', ['-o', '<ip> <time>', log, FILTER])
  const times = landwaiter
    .audit()
    .filter(
      ({ action, outcome, actor }) => action === 'login' && outcome === 'denied' && actor.kind === 'user',
    )
    .map(({ client_ip, time }) => `${client_ip} ${Math.floor(Date.parse(time) / 1000)}`)
  t.equal(times.length, 4)
  const rows = found.stdout
    .trim()
    .split('\n')
    .map(row => row.split(' '))
  t.strictSame(
    rows.map(([ip, time]) => `${ip} ${Math.floor(Number(time))}`),
    times,
    found.stderr,
  )
})

t.test('fail2ban takes the jail, with the filter, beside its own configuration', async t => {
  const dir = join(tempDir(t), 'fail2ban')
  cpSync('/etc/fail2ban', dir, { recursive: true })
  rmSync(join(dir, 'jail.d'), { recursive: true })
  mkdirSync(join(dir, 'jail.d'))
  copyFileSync(FILTER, join(dir, 'filter.d/landwaiter.conf'))
  const log = join(dir, 'audit.jsonl')
  writeFileSync(log, '')
  const jail = shippedFile(t, 'fail2ban/landwaiter-jail.conf', { '/var/log/landwaiter/audit.jsonl': log })
  copyFileSync(jail, join(dir, 'jail.d/landwaiter.conf'))
  const { code, stdout, stderr } = await runCommand('fail2ban-client', ['-c', dir, '-d'])
  t.equal(code, 0, stderr)
  for (const part of [
    `'addlogpath', '${log}'`,
    "'start', 'landwaiter'",
    "'maxretry', 10",
    "'bantime', '1h'",
  ]) {
    t.ok(stdout.includes(part), part)
  }
})
