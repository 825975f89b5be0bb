import t from 'tap'
import { createLentLocks } from '../../src/app/workers/lent-locks.ts'
import { createKeyedLocks } from '../../src/http/keyed-locks.ts'
import { waitFor } from '../support/wait-for.ts'

const CLAIMS = [{ key: 'a:1', mode: 'exclusive' }] as const

function open() {
  const locks = createKeyedLocks({ waitMs: 20_000, maxWaiting: 10 })
  return { locks, one: createLentLocks(locks), two: createLentLocks(locks) }
}

t.test('a lock that one worker holds is another worker’s when it lets go', async t => {
  const { locks, one, two } = open()
  await one.lock({ id: 1, claims: CLAIMS })
  let isTaken = false
  const second = two.lock({ id: 1, claims: CLAIMS }).then(() => {
    isTaken = true
  })
  await new Promise(setImmediate)
  t.equal(isTaken, false)
  await one.unlock(1)
  await second
  await two.unlock(1)
  await waitFor('no lock', () => locks.size() === 0)
})

t.test('a worker that has ended holds nothing and waits for nothing', async t => {
  const { locks, one, two } = open()
  await one.lock({ id: 1, claims: CLAIMS })
  const waiting = one.lock({ id: 2, claims: CLAIMS })
  const other = two.lock({ id: 1, claims: CLAIMS })
  one.releaseAll()
  await t.rejects(waiting, /the worker has ended/)
  await other
  await two.unlock(1)
  await waitFor('no lock', () => locks.size() === 0)
})

t.test('to let go of what is still waited for ends the waiting', async t => {
  const { locks, one } = open()
  await one.lock({ id: 1, claims: CLAIMS })
  const waiting = one.lock({ id: 2, claims: CLAIMS })
  await one.unlock(2)
  await t.rejects(waiting, /no longer wanted/)
  await one.unlock(1)
  await waitFor('no lock', () => locks.size() === 0)
})
