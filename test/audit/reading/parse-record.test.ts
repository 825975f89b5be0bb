import t from 'tap'
import { parseRecord } from '../../../src/audit/reading/parse-record.ts'
import { linesOf, record } from './log-files.ts'

t.test('a line of the log is a record again', async t => {
  const one = record({ scopes: ['repository:a:pull'], duration_ms: 1.5, redirected: true })
  const line = linesOf([one]).trimEnd()
  t.strictSame(parseRecord(line), { outcome: 'record', record: one })
  t.strictSame(parseRecord(Buffer.from(line)), { outcome: 'record', record: one })
})

t.test('what a newer version adds is kept', async t => {
  const one = { ...record(), action: 'replicate', trace_id: 'x' }
  t.strictSame(parseRecord(JSON.stringify(one)), { outcome: 'record', record: one })
})

const { time: _time, ...timeless } = record()
const BROKEN = [
  { line: '', reason: 'it is empty' },
  { line: '\0\0\0', reason: 'it is no JSON object' },
  { line: '{"v":1,', reason: 'it is no JSON object' },
  { line: '[1]', reason: 'it is no JSON object' },
  { line: 'null', reason: 'it is no JSON object' },
  { line: '{}', reason: 'it has no v' },
  { line: JSON.stringify({ ...record(), v: 2 }), reason: 'it is of another schema than version 1' },
  { line: JSON.stringify(timeless), reason: 'it has no time' },
  { line: JSON.stringify({ ...record(), time: 'soon' }), reason: 'its time is none' },
  { line: JSON.stringify({ ...record(), seq: 1.5 }), reason: 'its seq is no integer' },
  { line: JSON.stringify({ ...record(), seq: '1' }), reason: 'its seq is no integer' },
  { line: JSON.stringify({ ...record(), repository: {} }), reason: 'its repository is no string' },
  { line: JSON.stringify({ ...record(), size: null }), reason: 'its size is no integer' },
  { line: JSON.stringify({ ...record(), scopes: [1] }), reason: 'its scopes is no array' },
  { line: JSON.stringify({ ...record(), actor: 'ann' }), reason: 'its actor is no object' },
  { line: JSON.stringify({ ...record(), actor: { name: 5 } }), reason: 'its actor.name is no text' },
]

for (const { line, reason } of BROKEN) {
  t.test(`${JSON.stringify(line).slice(0, 40)} is broken: ${reason}`, async t => {
    t.strictSame(parseRecord(line), { outcome: 'broken', reason })
  })
}
