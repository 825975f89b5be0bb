import t from 'tap'
import { type Claim, createKeyedLocks } from '../../src/http/keyed-locks.ts'

const alone = (key: string): Claim => ({ key, mode: 'exclusive' })
const together = (key: string): Claim => ({ key, mode: 'shared' })
const never = new AbortController().signal

/** Work that notes its beginning and ends when told. */
function tasks(log: string[]) {
  const ends = new Map<string, PromiseWithResolvers<void>>()
  return {
    work: (name: string) => async () => {
      log.push(name)
      const end = Promise.withResolvers<void>()
      ends.set(name, end)
      await end.promise
      return name
    },
    end: (name: string) => ends.get(name)?.resolve(),
    fail: (name: string) => ends.get(name)?.reject(new Error(`${name} failed`)),
  }
}

const settled = () => new Promise(resolve => setImmediate(resolve))

t.test('one after the other in the order of asking, whatever becomes of each', async t => {
  const locks = createKeyedLocks({ waitMs: 60_000, maxWaiting: 10 })
  const log: string[] = []
  const { work, end, fail } = tasks(log)
  const all = ['a', 'b', 'c'].map(name => locks.hold([alone('k')], never, work(name)))
  const other = locks.hold([alone('other')], never, work('other'))
  await settled()
  t.strictSame(log, ['a', 'other'], 'another key does not wait')
  fail('a')
  await t.rejects(Promise.resolve(all[0]), /a failed/)
  await settled()
  t.strictSame(log, ['a', 'other', 'b'])
  end('b')
  await settled()
  end('c')
  end('other')
  t.strictSame(await Promise.all([...all.slice(1), other]), ['b', 'c', 'other'])
  t.equal(locks.size(), 0, 'nothing is left')
})

t.test('those that share run together, but do not overtake one that wants to be alone', async t => {
  const locks = createKeyedLocks({ waitMs: 60_000, maxWaiting: 10 })
  const log: string[] = []
  const { work, end } = tasks(log)
  const running = [
    locks.hold([together('k')], never, work('r1')),
    locks.hold([together('k')], never, work('r2')),
    locks.hold([alone('k')], never, work('w')),
    locks.hold([together('k')], never, work('r3')),
    locks.hold([together('k')], never, work('r4')),
  ]
  await settled()
  t.strictSame(log, ['r1', 'r2'])
  end('r1')
  await settled()
  t.strictSame(log, ['r1', 'r2'], 'the second still shares it')
  end('r2')
  await settled()
  t.strictSame(log, ['r1', 'r2', 'w'])
  end('w')
  await settled()
  t.strictSame(log, ['r1', 'r2', 'w', 'r3', 'r4'])
  end('r3')
  end('r4')
  await Promise.all(running)
  t.equal(locks.size(), 0)
})

t.test('two that want the same two things in different order both get them', async t => {
  const locks = createKeyedLocks({ waitMs: 60_000, maxWaiting: 10 })
  const ran: string[] = []
  const note = (name: string) => async () => {
    ran.push(name)
    await settled()
  }
  await Promise.all([
    locks.hold([alone('a'), alone('b')], never, note('ab')),
    locks.hold([alone('b'), alone('a')], never, note('ba')),
  ])
  t.strictSame(ran, ['ab', 'ba'])
  t.equal(locks.size(), 0)
})

t.test('who leaves while waiting is skipped, and those who share move up', async t => {
  const locks = createKeyedLocks({ waitMs: 60_000, maxWaiting: 10 })
  const log: string[] = []
  const { work, end } = tasks(log)
  const leaving = new AbortController()
  const first = locks.hold([together('k')], never, work('r1'))
  const gone = locks.hold([alone('k')], leaving.signal, work('gone'))
  const behind = locks.hold([together('k')], never, work('r2'))
  await settled()
  leaving.abort()
  await t.rejects(gone, { name: 'AbortError' })
  await settled()
  t.strictSame(log, ['r1', 'r2'])
  await t.rejects(locks.hold([alone('x')], leaving.signal, work('late')), { name: 'AbortError' })
  end('r1')
  end('r2')
  await Promise.all([first, behind])
  t.equal(locks.size(), 0)
})

t.test('503 answers who waits too long or comes when too many wait', async t => {
  const locks = createKeyedLocks({ waitMs: 5, maxWaiting: 2 })
  const log: string[] = []
  const { work, end } = tasks(log)
  const busy = /^other changes of this tag or manifest take too long/
  const holder = locks.hold([alone('k')], never, work('holder'))
  const late = [[alone('free'), alone('k')], [alone('k')]].map(claims =>
    t.rejects(locks.hold(claims, never, work('late')), busy, 'too late'),
  )
  await Promise.resolve()
  const refused: unknown = await locks.hold([alone('k')], never, work('refused')).catch(error => error)
  t.match(
    refused,
    { oci: 'UNAVAILABLE', status: 503, message: busy, headers: { 'retry-after': '5' } },
    'no room',
  )
  await Promise.all(late)
  t.strictSame(log, ['holder'])
  end('holder')
  t.equal(await holder, 'holder', 'who holds it is not hurried')
  t.equal(locks.size(), 0, 'also what was held while waiting for the rest')
})
