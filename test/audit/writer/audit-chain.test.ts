import { createPublicKey, verify } from 'node:crypto'
import { readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lineHash } from '../../../src/audit/line-hash.ts'
import { checkpointText, headText } from '../../../src/audit/signed-texts.ts'
import { checkpointKeyId } from '../../../src/audit/writer/checkpoint-key.ts'
import { auditRecords, auditTexts, brokenLink } from '../../support/audit-lines.ts'
import { openWriter, PUSHED } from '../../support/audit-writer.ts'
import { waitFor } from '../../support/wait-for.ts'

const chained = { isChained: true } as const

async function write(t: Parameters<typeof openWriter>[0], file: string, count: number) {
  const { sink } = await openWriter(t, file, chained)
  await Promise.all(Array.from({ length: count }, () => sink.append(PUSHED)))
  await sink.close()
}

t.test(
  'each line carries the hash of the one before, across restarts and with the chain off between',
  async t => {
    const file = join(t.testdir(), 'audit.jsonl')
    await write(t, file, 50)
    await write(t, file, 50)
    t.equal(brokenLink(auditTexts(file)), undefined)
    const { sink } = await openWriter(t, file)
    await sink.append(PUSHED)
    await sink.close()
    await write(t, file, 1)
    const texts = auditTexts(file)
    t.notOk(texts.at(-3)?.includes('"prev"'))
    t.equal(brokenLink(texts.slice(-2), lineHash(texts.at(-3) ?? '')), undefined)
    t.strictSame(
      auditRecords(file).map(({ seq }) => seq),
      texts.map((_, index) => index + 1),
    )
  },
)

t.test('a log ends with a signature that its public key proves', async t => {
  const file = join(t.testdir(), 'audit.jsonl')
  await write(t, file, 3)
  const pem = readFileSync(join(file, '../state/checkpoint-key.pub.pem'), 'utf8')
  const key = createPublicKey(pem)
  t.equal(statSync(join(file, '../state/checkpoint-key.pem')).mode & 0o777, 0o600)
  const last = auditRecords(file).at(-1)
  t.match(last, { action: 'audit.checkpoint', kind: 'audit', seq: 4, key: checkpointKeyId(key) })
  const signature = Buffer.from(String(last?.signature), 'base64url')
  const text = checkpointText({ node: 'gw-1', seq: 4, prev: String(last?.prev) })
  t.ok(verify(null, Buffer.from(text), key, signature))
  t.notOk(verify(null, Buffer.from(text.replace('4', '5')), key, signature))
})

t.test('the head says how far the log goes, signed', async t => {
  const file = join(t.testdir(), 'audit.jsonl')
  await write(t, file, 3)
  const headFile = join(file, '../state/head.json')
  t.equal(statSync(headFile).size, 1024)
  const head = JSON.parse(readFileSync(headFile, 'utf8'))
  t.match(head, {
    v: 1,
    file,
    node: 'gw-1',
    seq: 4,
    waiting: 0,
    hash: lineHash(auditTexts(file).at(-1) ?? ''),
  })
  const key = createPublicKey(readFileSync(join(file, '../state/checkpoint-key.pub.pem'), 'utf8'))
  t.ok(verify(null, Buffer.from(headText(head)), key, Buffer.from(head.signature, 'base64url')))
})

t.test('checkpoints are written from time to time, and not after each other', async t => {
  const file = join(t.testdir(), 'audit.jsonl')
  const { sink } = await openWriter(t, file, { ...chained, checkpointMs: 1 })
  await sink.append(PUSHED)
  await waitFor('a checkpoint', () => auditRecords(file).length === 2)
  await sink.append(PUSHED)
  await waitFor('the next checkpoint', () => auditRecords(file).length === 4)
  await sink.close()
  t.strictSame(
    auditRecords(file).map(({ action }) => action),
    ['push', 'audit.checkpoint', 'push', 'audit.checkpoint'],
  )
})

t.test('a log that was cut while nobody looked says so with the next start', async t => {
  const file = join(t.testdir(), 'audit.jsonl')
  await write(t, file, 5)
  const texts = auditTexts(file)
  truncateSync(file, Buffer.byteLength(`${texts.slice(0, 2).join('\n')}\n`))
  await write(t, file, 1)
  t.match(auditRecords(file).slice(2), [
    {
      seq: 7,
      action: 'audit.gap',
      outcome: 'failed',
      from_seq: 3,
      to_seq: 6,
      count: 4,
      reason: 'the log ends at line 2, though line 6 had been written',
      prev: lineHash(texts[1] ?? ''),
    },
    { seq: 8, action: 'push' },
    { seq: 9, action: 'audit.checkpoint' },
  ])
})

t.test('the stop before is told from a crash', async t => {
  const file = join(t.testdir(), 'audit.jsonl')
  const stop = { ...PUSHED, action: 'server.stop', kind: 'server' } as const
  const first = await openWriter(t, file, chained)
  t.equal(first.sink.previousStop, undefined)
  await first.sink.append(PUSHED)
  await first.sink.close()
  const second = await openWriter(t, file, chained)
  t.equal(second.sink.previousStop, 'unclean')
  await second.sink.append(stop)
  await second.sink.close()
  t.equal((await openWriter(t, file, chained)).sink.previousStop, 'clean')
})

t.test('a key that is none, and a head that cannot be made, stop the start', async t => {
  const dir = t.testdir({ state: { 'checkpoint-key.pem': 'no key' }, other: 'a file' })
  await t.rejects(openWriter(t, join(dir, 'audit.jsonl'), chained), {
    code: 'AUDIT_UNWRITABLE',
    message: /checkpoint-key\.pem, cannot be used/,
  })
  await t.rejects(openWriter(t, join(dir, 'audit.jsonl'), { stateDir: join(dir, 'other') }), {
    code: 'AUDIT_UNWRITABLE',
    message: /head\.json, cannot be opened/,
  })
})
