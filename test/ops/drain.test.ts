import t from 'tap'
import type { Log } from '../../src/model/ports.ts'
import { createDrain, type DrainStep } from '../../src/ops/drain.ts'

function memoryLog() {
  const lines: string[] = []
  const add = (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
    lines.push(`${message}: ${fields['step']}`)
  }
  const log: Log = { debug: add, info: add, warn: add, error: add }
  return { log, lines }
}

const never: DrainStep = () => new Promise(() => {})

t.test('runs the steps in order, once, and tells that all finished', async t => {
  const { log, lines } = memoryLog()
  const calls: string[] = []
  const { add, drain } = createDrain({ timeoutMs: 60_000, log })
  add('first', async () => {
    await new Promise(resolve => setImmediate(resolve))
    calls.push('first')
  })
  add('second', signal => {
    calls.push(`second ${signal.aborted}`)
  })
  const [one, two] = [drain(), drain()]
  t.equal(one, two)
  t.equal(await one, true)
  t.equal(drain(), one)
  t.strictSame(calls, ['first', 'second false'])
  t.strictSame(lines, [])
})

t.test('goes on after a step that fails', async t => {
  const { log, lines } = memoryLog()
  const calls: string[] = []
  const { add, drain } = createDrain({ timeoutMs: 60_000, log })
  add('throws', () => {
    throw new Error('no')
  })
  add('rejects', () => Promise.reject(new Error('no')))
  add('last', () => void calls.push('last'))
  t.equal(await drain(), false)
  t.strictSame(calls, ['last'])
  t.strictSame(lines, ['shutdown step failed: throws', 'shutdown step failed: rejects'])
})

t.test('cuts off at the deadline and still gives the later steps their chance', async t => {
  const { log, lines } = memoryLog()
  const calls: string[] = []
  const { add, drain } = createDrain({ timeoutMs: 10, graceMs: 30, log })
  add(
    'obeys the deadline',
    signal => new Promise(resolve => signal.addEventListener('abort', () => resolve())),
  )
  add('hangs', never)
  add('flush', async signal => {
    await new Promise(resolve => setImmediate(resolve))
    calls.push(`flush ${signal.aborted}`)
  })
  t.equal(await drain(), false)
  t.strictSame(calls, ['flush true'])
  t.strictSame(lines, ['shutdown step did not finish in time: hangs'])
})

t.test('reports a late failure of a step that was given up as nothing more', async t => {
  const { log, lines } = memoryLog()
  const { add, drain } = createDrain({ timeoutMs: 1, graceMs: 1, log })
  let fail = () => {}
  add('slow', () => new Promise((_, reject) => (fail = () => reject(new Error('late')))))
  t.equal(await drain(), false)
  fail()
  await new Promise(resolve => setImmediate(resolve))
  t.strictSame(lines, ['shutdown step did not finish in time: slow'])
})

t.test('finishes at once without steps', async t => {
  t.equal(await createDrain({ timeoutMs: 60_000, log: memoryLog().log }).drain(), true)
})
