import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { waitFor } from '../support/wait-for.ts'
import { openAuditSite } from './audit-load/audit-site.ts'
import { readLog } from './audit-load/read-log.ts'
import { startLoad } from './audit-load/start-load.ts'

/** All of it: LANDWAITER_AUDIT_KILLS=20 LANDWAITER_AUDIT_LINES=1000000, some minutes. */
const KILLS = Number(process.env['LANDWAITER_AUDIT_KILLS'] ?? 5)
const LINES = Number(process.env['LANDWAITER_AUDIT_LINES'] ?? 20_000)
const CLIENTS = { readers: 52, tokens: 8, writers: 4 }
/** So that kills also meet rotations and compression. */
const FILE_BYTES = Math.max(1024 * 1024, LINES * 30)

t.setTimeout(Math.max(120_000, LINES * 2))

t.test('every answered request has its line, however often the server is killed', async t => {
  const site = await openAuditSite(t, { audit: { sync: 'always', max_size: FILE_BYTES } })
  let landwaiter = await site.start()
  const began = performance.now()
  const load = await startLoad(t, site.order(CLIENTS))
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await waitFor('answers', () => load.count() > (LINES * kill) / (KILLS + 1), LINES * 2)
    await sleep(Math.random() * 200) // at any moment
    t.equal(await landwaiter.stop('SIGKILL'), 'SIGKILL')
    landwaiter = await site.start()
  }
  await waitFor('answers', () => load.count() > LINES, LINES * 2)
  const answers = await load.stop()
  const seconds = (performance.now() - began) / 1000
  t.equal(await landwaiter.stop(), 0)

  const log = await readLog(site.auditFile)
  const wrong: string[] = []
  let confirmed = 0
  for await (const { id, method, status, target } of answers) {
    if (status > 299) continue
    confirmed += 1
    if (log.ids.get(id) !== 1) wrong.push(`${method} ${target} (${id}): ${log.ids.get(id) ?? 'no'} lines`)
  }
  t.comment(
    `${confirmed} answers, ${log.lines} lines in ${log.files} files, ${KILLS} kills, ${seconds.toFixed(1)} s`,
  )
  t.ok(confirmed >= LINES)
  t.strictSame({ count: wrong.length, first: wrong.slice(0, 20) }, { count: 0, first: [] })
  t.strictSame(log.torn, [])
  t.strictSame(log.jumps, [], 'no number is missing')
  t.equal(log.brokenLinks, 0)
  t.ok(log.files > KILLS / 2, 'files were rotated meanwhile')
  const verified = await site.verify()
  t.equal(verified.code, 0, verified.stdout + verified.stderr)
})
