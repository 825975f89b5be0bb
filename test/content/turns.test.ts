import t from 'tap'
import { createTurns } from '../../src/content/turns.ts'
import { waitFor } from '../support/wait-for.ts'

t.test('runs no more at a time than it may, in order', async t => {
  const turns = createTurns({ max: 2, maxWaiting: 10, limitMs: 10_000 })
  const begun: number[] = []
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
  const results = gates.map((gate, i) =>
    turns.run(async () => {
      begun.push(i)
      await gate.promise
      return i
    }),
  )
  t.strictSame(begun, [0, 1])
  gates[1]?.resolve()
  t.equal(await results[1], 1)
  await waitFor('the third', () => begun.length === 3)
  t.strictSame(begun, [0, 1, 2])
  gates[0]?.resolve()
  gates[2]?.resolve()
  gates[3]?.resolve()
  t.strictSame(await Promise.all(results), [0, 1, 2, 3])
  t.strictSame(begun, [0, 1, 2, 3])
})

t.test('turns away who would wait too long in too long a queue', async t => {
  const turns = createTurns({ max: 1, maxWaiting: 1, limitMs: 50 })
  const hung = Promise.withResolvers<string>()
  const late: string[] = []
  const first = turns.run(
    () => hung.promise,
    result => late.push(result),
  )
  let isRun = false
  const second = turns.run(async () => {
    isRun = true
  })
  await t.rejects(
    turns.run(async () => undefined),
    { name: 'TurnMissed', message: /too many/ },
  )
  await t.rejects(first, { name: 'TurnMissed', message: /50 ms/ })
  await t.rejects(second, { name: 'TurnMissed', message: /50 ms/ })
  const third = turns.run(async () => 'third')
  hung.resolve('at last')
  t.equal(await third, 'third')
  t.strictSame(late, ['at last'])
  t.notOk(isRun)
})

t.test('goes on after work that failed', async t => {
  const turns = createTurns({ max: 1, maxWaiting: 1, limitMs: 10_000 })
  await t.rejects(
    turns.run(() => Promise.reject(new Error('EIO'))),
    { message: 'EIO' },
  )
  t.equal(await turns.run(async () => 1), 1)
})
