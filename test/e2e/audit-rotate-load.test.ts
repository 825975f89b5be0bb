import { chmodSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { findOnPath } from '../support/find-prepared.ts'
import { runCommand } from '../support/run-command.ts'
import { shippedFile } from '../support/shipped-file.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { type AuditSite, openAuditSite } from './audit-load/audit-site.ts'
import { readLog } from './audit-load/read-log.ts'
import { type Load, startLoad } from './audit-load/start-load.ts'

/** The full minute of each: LANDWAITER_AUDIT_ROTATE_SECONDS=60. */
const SECONDS = Number(process.env['LANDWAITER_AUDIT_ROTATE_SECONDS'] ?? 5)
const CLIENTS = { readers: 24, tokens: 4, writers: 4 }
const LOGROTATE = findOnPath('logrotate', ['/usr/sbin'])

t.setTimeout(60_000 + SECONDS * 4_000)

t.test('a log that is rotated by its size every second keeps each line once', async t => {
  // Some hundred lines of some hundred bytes come each second, more on a fast machine.
  const site = await openAuditSite(t, { audit: { max_size: 256 * 1024 } })
  const landwaiter = await site.start()
  const load = await startLoad(t, site.order(CLIENTS))
  await sleep(SECONDS * 1000)
  await checkLog(t, { site, load, stop: () => landwaiter.stop(), rotations: SECONDS })
})

for (const [name, line] of [
  ['moves away', 'nocreate'],
  ['moves away and makes anew', 'create'],
] as const)
  t.test(`a log that logrotate ${name} every second keeps each line once`, { skip: !LOGROTATE }, async t => {
    const site = await openAuditSite(t, { audit: { max_size: 0, max_age: 0 } })
    const landwaiter = await site.start()
    const config = shippedFile(t, 'logrotate/landwaiter', {
      '/var/log/landwaiter/audit.jsonl': site.auditFile,
      // Dates would allow one rotation a day.
      '  dateext\n': '',
      '  nocreate\n': `  ${line}\n`,
    })
    const bin = tempDir(t)
    writeProgram(join(bin, 'systemctl'), 'exit 3')
    writeProgram(join(bin, 'docker'), `kill -USR1 ${landwaiter.pid}`)
    const command = ['-f', '-s', join(bin, 'state'), config] as const
    const env = { PATH: `${bin}:${process.env['PATH']}` }

    const load = await startLoad(t, site.order(CLIENTS))
    for (let rotation = 1; rotation <= SECONDS; rotation += 1) {
      await sleep(1000)
      const run = await runCommand(LOGROTATE ?? '', command, { env })
      t.equal(run.code, 0, run.stderr)
    }
    await checkLog(t, { site, load, stop: () => landwaiter.stop(), rotations: SECONDS })
  })

t.test('a log that is truncated in its place, as by copytruncate, is noticed', async t => {
  const site = await openAuditSite(t, { audit: { max_size: 0, max_age: 0 } })
  const landwaiter = await site.start()
  const load = await startLoad(t, site.order(CLIENTS))
  await waitFor('answers', () => load.count() > 500)
  truncateSync(site.auditFile)
  const before = load.count()
  await waitFor('more answers', () => load.count() > before + 500)
  await load.stop()
  t.equal(await landwaiter.stop(), 0)
  const verified = await site.verify()
  t.equal(verified.code, 1, verified.stdout + verified.stderr)
  t.comment(verified.stdout)
})

interface Rotated {
  readonly site: AuditSite
  readonly load: Load
  readonly stop: () => Promise<unknown>
  readonly rotations: number
}

/** Stops both sides and holds the log against what the clients saw. */
async function checkLog(t: Test, { site, load, stop, rotations }: Rotated): Promise<void> {
  const answers = await load.stop()
  t.equal(await stop(), 0)
  const log = await readLog(site.auditFile)
  const wrong: string[] = []
  let seen = 0
  for await (const { id, method, target } of answers) {
    seen += 1
    if (log.ids.get(id) !== 1) wrong.push(`${method} ${target} (${id}): ${log.ids.get(id) ?? 'no'} lines`)
  }
  t.comment(`${seen} answers, ${log.lines} lines in ${log.files} files`)
  t.ok(log.files > rotations, `${log.files} files`)
  t.ok(seen > 100)
  t.strictSame({ count: wrong.length, first: wrong.slice(0, 20) }, { count: 0, first: [] })
  t.strictSame(log.torn, [])
  t.strictSame(log.jumps, [], 'no number is missing, none is there twice')
  t.equal(log.brokenLinks, 0)
  const verified = await site.verify()
  t.equal(verified.code, 0, verified.stdout + verified.stderr)
}

function writeProgram(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
}
