import t from 'tap'
import { auditRecords } from '../support/audit-lines.ts'
import { writeOciImage } from '../support/oci-image.ts'
import { createSkopeo } from '../support/skopeo.ts'
import { cannotMount } from '../support/small-disk.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'
import { openFilledRegistry } from './audit-load/audit-site.ts'
import { endRun } from './audit-load/end-run.ts'
import { openOutageSite } from './audit-load/outage-site.ts'
import { type Load, startLoad } from './audit-load/start-load.ts'

const skip = cannotMount()
const CLIENTS = { readers: 16, tokens: 4, writers: 8 }
const FEW_CLIENTS = { readers: 4, tokens: 2, writers: 2 }
/** Long enough for pulls to go on for a while also on a slow machine. */
const GRACE = '1s'
const ANSWERS = 300

t.setTimeout(240_000)

const registry = skip ? undefined : await openFilledRegistry(t)

/** Lets the clients do some more. */
async function moreAnswers(load: Load): Promise<void> {
  const before = load.count()
  await waitFor('answers', () => load.count() > before + ANSWERS)
}

t.test('skopeo says why a push fails, pulls meanwhile, and pushes again', { skip }, async t => {
  const site = await openOutageSite(t, { registry, audit: { grace: '5m' } })
  const landwaiter = await site.start()
  const load = await startLoad(t, site.order(FEW_CLIENTS))
  const skopeo = createSkopeo(t, { kind: 'plain-http' })
  const host = `localhost:${site.port}`
  const [first, second] = [writeOciImage(tempDir(t)), writeOciImage(tempDir(t))]
  const [one, two] = [`${host}/dev-backend/app:one`, `${host}/dev-backend/app:two`]
  t.match(await skopeo.login(host, { user: 'admin', password: 'admin-password' }), { code: 0 })
  t.match(await skopeo.push(first.ref, one), { code: 0 })

  const free = site.fill()
  await waitFor('the outage', () => landwaiter.output().includes('"the audit log cannot be written"'))
  for (const { code, stderr } of await Promise.all([
    skopeo.push(second.ref, two),
    skopeo.copy(one, `${host}/dev-backend/other:one`),
    skopeo.delete(one),
  ])) {
    t.comment(stderr.trim())
    t.equal(code, 1)
    t.match(stderr, /503 Service Unavailable: the audit log cannot be written \(ENOSPC: .+\), so pushes and/)
  }
  t.match(await skopeo.pull(one, `oci:${tempDir(t)}:one`), { code: 0 })
  t.match(await site.readiness(), /^\[-\]audit failed: ENOSPC/m)
  t.equal(await site.metric('audit_degraded'), 1)

  free()
  await waitFor('the log', async () => (await site.readiness()) === 'ok')
  t.match(await skopeo.push(second.ref, two), { code: 0 })
  t.match(await skopeo.delete(one), { code: 0 })
  const { lost, told } = await endRun(t, { site, load, stop: () => landwaiter.stop() })
  t.strictSame(lost, [], 'what waited in memory is written')
  t.equal(told, 0)
})

for (const [name, { workers, ...audit }] of [
  ['one thread', { workers: 1 }],
  ['two workers, each line forced to the disk', { workers: 2, sync: 'always' }],
] as const)
  t.test(`the log of ${name} comes back by itself and counts what it lost`, { skip }, async t => {
    const site = await openOutageSite(t, { registry, audit: { ...audit, grace: GRACE }, workers })
    const landwaiter = await site.start()
    const load = await startLoad(t, site.order(CLIENTS))
    await moreAnswers(load)
    const free = site.fill()
    await waitFor('refused pushes', async () => (await site.push()) === 503)
    await waitFor('refused pulls', async () => (await site.pull()) === 503)
    await moreAnswers(load)
    t.match(await site.readiness(), /^\[-\]audit failed: ENOSPC/m)
    t.equal(await site.metric('audit_degraded'), 1)

    free()
    await waitFor('pushes', async () => (await site.push()) === 202)
    await waitFor('pulls', async () => (await site.pull()) === 200)
    t.equal(await site.readiness(), 'ok')
    t.equal(await site.metric('audit_degraded'), 0)
    const lostLines = await site.metric('audit_lost_lines')
    await moreAnswers(load)
    const { lost, told } = await endRun(t, { site, load, stop: () => landwaiter.stop() })
    t.equal(load.lost(), 0, 'every request was answered')
    t.ok(told > 0)
    t.equal(told, lost.length)
    t.equal(told, lostLines)
    t.ok(pullsInOutage(site.auditFile) > 0, 'pulls went on for a while')
  })

/** Pulls that succeeded after the log could not be written any more, and before it could again. */
function pullsInOutage(file: string): number {
  const lines = auditRecords(file)
  const gap = lines.find(({ action }) => action === 'audit.gap')
  const end = String(gap?.time)
  const since = String(/ since (\S+):/.exec(String(gap?.reason))?.[1])
  return lines.filter(
    ({ action, outcome, time }) => action === 'pull' && outcome === 'success' && time > since && time < end,
  ).length
}

for (const when of ['before', 'after'] as const)
  t.test(
    `a server killed in the outage keeps its word, with room ${when} its next start`,
    { skip },
    async t => {
      const site = await openOutageSite(t, { registry, audit: { grace: '0s', max_size: '512KiB' } })
      const killed = await site.start()
      const load = await startLoad(t, site.order(CLIENTS))
      await moreAnswers(load)
      const free = site.fill()
      await waitFor('lines in memory', () => site.waiting() > 0)
      t.equal(await killed.stop('SIGKILL'), 'SIGKILL')
      const waiting = site.waiting()
      if (when === 'before') free()
      const landwaiter = await site.start()
      if (when === 'after') {
        await waitFor('refused pushes', async () => (await site.push()) === 503)
        await waitFor('refused pulls', async () => (await site.pull()) === 503)
        free()
      }
      await waitFor('pushes', async () => (await site.push()) === 202)
      await moreAnswers(load)
      const { lost, told } = await endRun(t, { site, load, stop: () => landwaiter.stop() })
      t.ok(told >= waiting, `${told} lines are told of, ${waiting} were counted when it was killed`)
      // A request whose answer the kill has cut off may have had its line.
      t.ok(told <= lost.length + load.lost(), 'no more are told of than were lost')
    },
  )

t.test(
  'a server that finds a full disk at its start refuses pushes until there is room',
  { skip },
  async t => {
    const site = await openOutageSite(t, { registry })
    const free = site.fill()
    const landwaiter = await site.start()
    t.equal(await site.push(), 503)
    t.equal(await site.pull(), 200)
    t.match(site.asked[0]?.error, /^UNAVAILABLE: the audit log cannot be written/)
    t.match(await site.readiness(), /^\[-\]audit failed: /m)
    t.match(landwaiter.output(), /"error","message":"the audit log cannot be written"/)
    free()
    await waitFor('pushes', async () => (await site.push()) === 202)
    t.equal(await landwaiter.stop(), 0)
    const actions = auditRecords(site.auditFile).map(({ action, outcome }) => `${action} ${outcome}`)
    t.strictSame(actions.slice(0, 3), ['server.start success', 'push failed', 'pull success'])
    t.ok(actions.includes('audit.gap failed'))
    t.equal((await site.verify()).code, 0)
  },
)
