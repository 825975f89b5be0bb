import t from 'tap'
import { createGenerations } from '../../src/content/generations.ts'

t.test('what was learnt before a repository is forgotten is not believed after', async t => {
  const generations = createGenerations()
  const before = generations.now()
  t.equal(generations.isCurrent('a', before), true)
  generations.forget('a')
  t.equal(generations.isCurrent('a', before), false)
  t.equal(generations.isCurrent('b', before), true)
  t.equal(generations.isCurrent('a', generations.now()), true)
})

t.test('nothing is believed of a repository while anybody writes to it', async t => {
  const generations = createGenerations()
  const first = generations.open('a')
  const second = generations.open('a')
  t.equal(generations.isCurrent('a', generations.now()), false)
  first()
  t.equal(generations.isCurrent('a', generations.now()), false)
  second()
  t.equal(generations.isCurrent('a', generations.now()), true)
})

t.test('everything is forgotten at once', async t => {
  const generations = createGenerations()
  generations.forget('a')
  const before = generations.now()
  generations.forgetAll()
  for (const name of ['a', 'b']) t.equal(generations.isCurrent(name, before), false, name)
  for (const name of ['a', 'b']) t.equal(generations.isCurrent(name, generations.now()), true, name)
})

t.test('of more repositories than there is room for none is believed that should not be', async t => {
  const generations = createGenerations(2)
  const learnt = new Map<string, number>()
  for (const name of ['a', 'b', 'c', 'd']) learnt.set(name, generations.now())
  for (const name of ['a', 'b', 'c', 'd']) generations.forget(name)
  for (const [name, moment] of learnt) t.equal(generations.isCurrent(name, moment), false, name)
  t.equal(generations.isCurrent('e', generations.now()), true)
})

t.test('a repository that is written to again and again keeps its place', async t => {
  const generations = createGenerations(2)
  generations.forget('a')
  generations.forget('b')
  const before = generations.now()
  generations.forget('a')
  generations.forget('c')
  t.equal(generations.isCurrent('a', before), false)
  t.equal(generations.isCurrent('b', before), true)
})
