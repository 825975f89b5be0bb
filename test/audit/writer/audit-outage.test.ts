import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { AuditEvent } from '../../../src/model/audit-event.ts'
import { auditRecords, auditTexts, brokenLink } from '../../support/audit-lines.ts'
import { openWriter, PULLED, PUSHED } from '../../support/audit-writer.ts'
import { cannotMount, fillDisk, smallDisk } from '../../support/small-disk.ts'
import { waitFor } from '../../support/wait-for.ts'

const skip = cannotMount()
const BALLAST = 64 * 1024
const login: AuditEvent = { ...PUSHED, action: 'login', kind: 'session' }

/** A log on a disk of its own that only has room for a few hundred lines. */
async function openOnSmallDisk(t: Parameters<typeof smallDisk>[0], options = {}) {
  const directory = smallDisk(t, 512)
  const stateDir = join(smallDisk(t, 512), 'state')
  const file = join(directory, 'audit.jsonl')
  const opened = await openWriter(t, file, { isChained: true, stateDir, ...options })
  return { ...opened, file, stateDir, fill: () => fillDisk(directory) }
}

function seqs(file: string): readonly number[] {
  return auditRecords(file).map(({ seq }) => seq)
}

t.test(
  'a full disk gives up its ballast: every line is written and pushes are kept out',
  { skip },
  async t => {
    const { sink, file, fill, said } = await openOnSmallDisk(t, { ballast: BALLAST })
    const free = fill()
    await Promise.all(Array.from({ length: 50 }, () => sink.append(PUSHED)))
    t.match(sink.refusal('write'), /ENOSPC/)
    t.equal(sink.refusal('read'), undefined)
    t.match(sink.status(), { degraded: /ENOSPC/, lost: 0 })
    await sink.append(PULLED)
    free()
    await waitFor('room', () => sink.refusal('write') === undefined)
    t.equal(sink.status().degraded, undefined)
    await sink.append(PUSHED)
    t.strictSame(said, [
      'error: the disk of the audit log is full: pushes and deletes are refused',
      'info: the disk of the audit log has room again',
    ])
    t.strictSame(
      seqs(file),
      Array.from({ length: 52 }, (_, index) => index + 1),
    )
    t.equal(brokenLink(auditTexts(file)), undefined)
  },
)

t.test('without a ballast pulls wait in memory, and a line tells of the outage', { skip }, async t => {
  const { sink, file, fill, said } = await openOnSmallDisk(t)
  const free = fill()
  const pushes = await Promise.allSettled(Array.from({ length: 50 }, () => sink.append(PUSHED)))
  const done = pushes.filter(({ status }) => status === 'fulfilled').length
  t.ok(done < 50, `${done} of 50 fit`)
  t.strictSame(seqs(file).length, done, 'what was confirmed is there, and nothing else')
  await Promise.all(Array.from({ length: 30 }, () => sink.append(PULLED)))
  await sink.append(login)
  await t.rejects(sink.append(PUSHED), { code: 'AUDIT_UNWRITABLE', message: /ENOSPC/ })
  free()
  await waitFor('the log', () => sink.status().degraded === undefined)
  await sink.append(PUSHED)
  const written = auditRecords(file).slice(done)
  t.strictSame(
    written.map(({ action }) => action),
    [...Array.from({ length: 30 }, () => 'pull'), 'login', 'audit.gap', 'push'],
  )
  t.match(written.at(-2), { count: 0, reason: /^the log could not be written since 2.*: ENOSPC/ })
  t.notOk('from_seq' in (written.at(-2) ?? {}))
  t.strictSame(
    seqs(file),
    Array.from({ length: done + 33 }, (_, index) => index + 1),
  )
  t.equal(brokenLink(auditTexts(file)), undefined)
  t.strictSame(said, ['error: the audit log cannot be written', 'info: the audit log is written again'])
})

t.test('after the grace reads are kept out, logins fail, and what is lost is counted', { skip }, async t => {
  const { sink, file, fill } = await openOnSmallDisk(t, { graceMs: 0 })
  await sink.append(PUSHED)
  const free = fill()
  // The rest of the last page.
  while (sink.status().degraded === undefined) await sink.append(PUSHED).catch(() => undefined)
  const written = seqs(file).length
  t.match(sink.refusal('read'), /ENOSPC/)
  await t.rejects(sink.append(login), { code: 'AUDIT_UNWRITABLE' })
  await Promise.all(Array.from({ length: 7 }, () => sink.append({ ...PULLED, outcome: 'denied' })))
  t.equal(sink.status().lost, 7)
  free()
  await waitFor('the log', () => sink.status().degraded === undefined)
  t.match(auditRecords(file).slice(written), [
    { action: 'audit.gap', count: 7, from_seq: written + 1, to_seq: written + 7, seq: written + 8 },
  ])
  t.equal(brokenLink(auditTexts(file)), undefined)
})

t.test('lines that are lost while the log comes back are counted, too', { skip }, async t => {
  const { sink, file, fill } = await openOnSmallDisk(t, { graceMs: 0 })
  const free = fill()
  while (sink.status().degraded === undefined) await sink.append(PUSHED).catch(() => undefined)
  const written = seqs(file).length
  free()
  let appended = 0
  for (; sink.status().degraded !== undefined; appended += 1) {
    await sink.append({ ...PULLED, outcome: 'denied' })
    await turn()
  }
  await sink.close()
  const after = auditRecords(file).slice(written)
  const gaps = after.filter(({ action }) => action === 'audit.gap')
  const lost = gaps.reduce((sum, { count }) => sum + Number(count), 0)
  t.ok(lost > 0)
  t.equal(after.filter(({ action }) => action === 'pull').length + lost, appended)
  t.equal(sink.status().lost, lost)
  t.equal(brokenLink(auditTexts(file)), undefined)
})

t.test('with pulls: allow reads go on, and logins too', { skip }, async t => {
  const { sink, fill } = await openOnSmallDisk(t, { graceMs: 0, pulls: 'allow' })
  fill()
  while (sink.status().degraded === undefined) await sink.append(PUSHED).catch(() => undefined)
  t.equal(sink.refusal('read'), undefined)
  await sink.append(login)
  await sink.append(PULLED)
  t.equal(sink.status().lost, 2)
  await t.rejects(sink.append(PUSHED), { code: 'AUDIT_UNWRITABLE' })
})

t.test('lines that waited when the server ended are told of by the next', { skip }, async t => {
  const { sink, file, fill, stateDir } = await openOnSmallDisk(t)
  await sink.append(PUSHED)
  const free = fill()
  while (sink.status().degraded === undefined) await sink.append(PUSHED).catch(() => undefined)
  await Promise.all(Array.from({ length: 5 }, () => sink.append(PULLED)))
  const head = () => JSON.parse(readFileSync(join(stateDir, 'head.json'), 'utf8'))
  await waitFor('the head', () => head().waiting === 5)
  await sink.close()
  free()
  const written = seqs(file).length
  const next = await openWriter(t, file, { isChained: true, stateDir })
  await next.sink.append(PUSHED)
  t.match(auditRecords(file).slice(written), [
    { action: 'audit.gap', count: 5, from_seq: written + 1, to_seq: written + 5, reason: /waited in memory/ },
    { action: 'push', seq: written + 7 },
  ])
  t.equal(brokenLink(auditTexts(file)), undefined)
})

t.test('they are told of even when the disk is still full at the next start', { skip }, async t => {
  const { sink, file, fill, stateDir } = await openOnSmallDisk(t)
  const free = fill()
  while (sink.status().degraded === undefined) await sink.append(PUSHED).catch(() => undefined)
  await Promise.all(Array.from({ length: 5 }, () => sink.append(PULLED)))
  await sink.close()
  const next = await openWriter(t, file, { isChained: true, stateDir })
  await next.sink.append(PULLED)
  await waitFor('the outage', () => next.sink.status().degraded !== undefined)
  await next.sink.close()
  free()
  const written = seqs(file).length
  const third = await openWriter(t, file, { isChained: true, stateDir })
  await third.sink.append(PUSHED)
  t.match(auditRecords(file).slice(written), [
    { action: 'audit.gap', count: 6, from_seq: written + 1, to_seq: written + 6 },
    { action: 'push', seq: written + 8 },
  ])
})

t.test('a disk that is nearly full at the start keeps pushes out from the beginning', { skip }, async t => {
  const directory = smallDisk(t, 512)
  const filler = join(directory, 'filler')
  writeFileSync(filler, Buffer.alloc(420 * 1024))
  const { sink, said } = await openWriter(t, join(directory, 'audit.jsonl'), {
    ballast: BALLAST,
    stateDir: t.testdir(),
  })
  t.match(sink.refusal('write'), /nearly full/)
  await sink.append(PULLED)
  await rm(filler)
  await waitFor('room', () => sink.refusal('write') === undefined)
  t.strictSame(said, [
    'error: the disk of the audit log is nearly full: pushes and deletes are refused',
    'info: the disk of the audit log has room again',
  ])
  t.ok(existsSync(join(directory, '.audit-ballast')))
})

t.test('a log whose file is removed goes on in a new one', async t => {
  const dir = t.testdir()
  const file = join(dir, 'audit.jsonl')
  const { sink } = await openWriter(t, file, { isChained: true })
  await sink.append(PUSHED)
  await rm(file)
  await waitFor('the writer to look', async () => {
    await sink.append(PUSHED)
    return existsSync(file)
  })
  const [rotation, push, ...others] = auditRecords(file)
  t.match(rotation, { action: 'audit.rotate', reason: 'the file had been removed' })
  t.match(push, { action: 'push', seq: Number(rotation?.seq) + 1 })
  t.strictSame(others, [])
})
