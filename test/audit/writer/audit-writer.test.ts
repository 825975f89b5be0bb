import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { AuditEvent } from '../../../src/model/audit-event.ts'
import { AuditUnwritable } from '../../../src/model/errors.ts'
import { openWriter, PUSHED } from '../../support/audit-writer.ts'

async function lines(file: string): Promise<readonly { readonly seq: number; readonly id: string }[]> {
  const text = await readFile(file, 'utf8')
  if (text !== '' && !text.endsWith('\n')) throw new Error('the file ends in a torn line')
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

t.test('10 000 appends at once are whole lines in their order, numbered without a gap', async t => {
  const file = join(t.testdir(), 'new/log/audit.jsonl')
  const { sink } = await openWriter(t, file)
  const acknowledged: number[] = []
  await Promise.all(
    upTo(10_000).map(async index => {
      await sink.append({ ...PUSHED, id: String(index) })
      acknowledged.push(index)
    }),
  )
  t.strictSame(acknowledged, upTo(10_000))
  t.strictSame(
    await lines(file),
    upTo(10_000).map(index => ({ v: 1, node: 'gw-1', seq: index, ...PUSHED, id: String(index) })),
  )
  t.strictSame(sink.status(), { degraded: undefined, queueBytes: 0, records: 10_000, lost: 0 })
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.equal((await stat(join(file, '..'))).mode & 0o027, 0, 'others may not read the directory')
})

t.test('close writes what is queued and refuses what comes later', async t => {
  const file = join(t.testdir(), 'audit.jsonl')
  const { sink } = await openWriter(t, file)
  const queued = upTo(50).map(() => sink.append(PUSHED))
  await sink.close()
  await Promise.all(queued)
  t.equal((await lines(file)).length, 50)
  await t.rejects(sink.append(PUSHED), { code: 'AUDIT_UNWRITABLE' })
})

t.test('a file is continued after its last whole line', async t => {
  const whole = `{"v":1,"time":"t","node":"gw-1","seq":41}\n`
  const cases: readonly (readonly [string, string, string, number, RegExp | undefined])[] = [
    ['nothing', '', '', 1, undefined],
    ['whole lines', whole, whole, 42, undefined],
    ['a torn line', `${whole}{"v":1,"time":"2026-11`, whole, 42, /cut a torn last line/],
    ['a line torn in its first bytes', `${whole}{"v`, whole, 42, /cut a torn last line/],
    ['one torn line alone', '{"v":1,"time":"2026-11', '', 1, /cut a torn last line/],
    ['zeros after a power loss', `${whole}${'\0'.repeat(200_000)}`, whole, 42, /cut a torn last line/],
    ['a long torn line', `${whole}{"v":1,"time":"${'x'.repeat(200_000)}`, whole, 42, /cut a torn last line/],
    ['a foreign line after ours', `${whole}hello\n`, `${whole}hello\n`, 42, undefined],
    ['foreign lines', 'hello\n', 'hello\n', 1, /no numbered line/],
  ]
  for (const [why, before, kept, seq, said] of cases) {
    const file = join(t.testdir({ audit: before }), 'audit')
    const opened = await openWriter(t, file)
    await opened.sink.append(PUSHED)
    await opened.sink.close()
    const text = await readFile(file, 'utf8')
    t.ok(text.startsWith(kept), why)
    t.equal(JSON.parse(text.slice(kept.length)).seq, seq, why)
    if (said === undefined) t.strictSame(opened.said, [], why)
    else t.match(opened.said.join(), said, why)
  }
})

t.test('a file that is no audit log is not touched', async t => {
  const file = join(t.testdir({ notes: 'first line\nlast line without an end' }), 'notes')
  await t.rejects(openWriter(t, file), {
    code: 'AUDIT_UNWRITABLE',
    message: /does not end with a line of an audit log/,
  })
  t.equal(await readFile(file, 'utf8'), 'first line\nlast line without an end')
  await t.rejects(openWriter(t, join(file, 'below')), {
    code: 'AUDIT_UNWRITABLE',
    message: /cannot be opened/,
  })
})

t.test('a device that takes nothing refuses what would be confirmed and says so once', async t => {
  const { sink, said } = await openWriter(t, '/dev/full', { stateDir: t.testdir() })
  const results = await Promise.allSettled(upTo(3).map(() => sink.append(PUSHED)))
  t.ok(results.every(result => result.status === 'rejected' && result.reason instanceof AuditUnwritable))
  await t.rejects(sink.append(PUSHED), { code: 'AUDIT_UNWRITABLE', message: /ENOSPC/ })
  t.match(sink.status(), { degraded: /ENOSPC/, queueBytes: 0, records: 0 })
  t.match(sink.refusal('write'), /ENOSPC/)
  t.equal(sink.refusal('read'), undefined)
  t.strictSame(said, ['error: the audit log cannot be written'])
})

t.test('a reader that stands still fills the queue, which then refuses; nothing queued is lost', async t => {
  const file = join(t.testdir(), 'fifo')
  execFileSync('mkfifo', [file])
  const { sink, said } = await openWriter(t, file)
  const big: AuditEvent = { ...PUSHED, reason: 'x'.repeat(7000) }
  const waiting: Promise<void>[] = []
  let refusal: unknown
  while (refusal === undefined && waiting.length < 5000) {
    const before = sink.status().queueBytes
    const append = sink.append(big)
    if (sink.status().queueBytes > before) waiting.push(append)
    else await append.catch(error => (refusal = error))
  }
  t.match(refusal, { code: 'AUDIT_UNWRITABLE', message: /queue is full/ })
  t.strictSame(said, ['error: the audit log is written too slowly: its queue is full'])
  t.ok(waiting.length > 1900 && sink.status().queueBytes <= 16 * 1024 * 1024, `${waiting.length} lines wait`)
  const reader = await open(file, 'r+')
  const stream = reader.createReadStream()
  let newlines = 0
  stream.on('data', chunk => {
    for (const byte of chunk as Buffer) if (byte === 0x0a) newlines += 1
    // One more tells that the log could not be written for a while.
    if (newlines > waiting.length) stream.destroy()
  })
  await Promise.all([...waiting, once(stream, 'close')])
  t.equal(newlines, waiting.length + 1)
  t.strictSame(said.slice(1), ['info: the audit log is written again'])
})

t.test('after a rotation the lines go on in the new file', async t => {
  const directory = t.testdir()
  const file = join(directory, 'audit.jsonl')
  const { sink } = await openWriter(t, file)
  await Promise.all(upTo(3).map(() => sink.append(PUSHED)))
  await rename(file, `${file}.1`)
  const before = upTo(100).map(() => sink.append(PUSHED))
  await sink.reopen()
  await Promise.all([...before, ...upTo(100).map(() => sink.append(PUSHED))])
  const all = [...(await lines(`${file}.1`)), ...(await lines(file))]
  t.strictSame(
    all.map(line => line.seq),
    upTo(204),
  )
  t.ok((await lines(file)).length >= 100)

  await rename(file, `${file}.2`)
  await mkdir(file)
  await t.rejects(sink.reopen(), { code: 'AUDIT_UNWRITABLE' })
  await sink.append(PUSHED)
  t.equal(
    (await lines(`${file}.2`)).at(-1)?.seq,
    205,
    'the old file goes on while the new one cannot be opened',
  )
})
