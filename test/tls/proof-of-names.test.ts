import t from 'tap'
import type { ChallengeType } from '../../src/model/certificate-authority.ts'
import { challengeOrder } from '../../src/tls/challenge-order.ts'
import {
  type Answer,
  DAY_MS,
  failing,
  fakeClock,
  HOUR_MS,
  MINUTE_MS,
  manage,
  scriptedAuthority,
} from './managed-support.ts'

/** Issues by `type` alone. */
function only(type: ChallengeType, issue: Answer): Answer {
  return async (order, signal) => {
    if (order.challenges[0] !== type) return await failing('validation')(order, signal)
    return await issue(order, signal)
  }
}

const firstTypes = (orders: readonly { readonly challenges: readonly ChallengeType[] }[]) =>
  orders.map(({ challenges }) => challenges[0])

t.test('tries the second way in the first attempt, and begins with it from then on', async t => {
  const { authority, managed, tick, clock, log } = await manage(t)
  const issuing = scriptedAuthority({ clock })
  authority.always(only('tls-alpn-01', (order, signal) => issuing.issue(order, signal)))
  await tick()
  t.strictSame(firstTypes(authority.orders), ['http-01', 'tls-alpn-01'])
  t.strictSame(managed.current()?.challenge, 'tls-alpn-01')
  t.strictSame(managed.status().failedAttempts, 0)
  t.ok(log.lines.some(({ message }) => message.includes('the next challenge is tried')))
  const [first, second] = authority.orders
  t.strictSame(second?.url, undefined, 'the failed order is dead')
  t.not(second?.key.reveal(), first?.key.reveal())
  clock.advance(70 * DAY_MS)
  await tick()
  t.strictSame(firstTypes(authority.orders), ['http-01', 'tls-alpn-01', 'tls-alpn-01'])
})

t.test('after a failure the ways take turns, one for each attempt', async t => {
  const { authority, tick, tickWhenDue, clock } = await manage(t)
  authority.always(failing('validation'))
  await tick()
  const from = clock()
  const at: number[] = []
  for (let count = 0; count < 4; count += 1) at.push(((await tickWhenDue()) - from) / HOUR_MS)
  const [http, alpn] = ['http-01', 'tls-alpn-01']
  t.strictSame(firstTypes(authority.orders), [http, alpn, alpn, http, alpn, http])
  // Five failed validations of a name in an hour are what Let's Encrypt allows.
  t.ok(2 + at.filter(hours => hours <= 1).length <= 5)
  t.ok((at[3] ?? 0) > 3)
})

t.test('the test stage is asked first after a failed validation, and stops the order', async t => {
  const clock = fakeClock()
  const [authority, rehearsal] = [scriptedAuthority({ clock }), scriptedAuthority({ clock, id: 'staging' })]
  const { managed, tick, tickWhenDue } = await manage(t, {
    clock,
    choices: [{ authority, rehearsal }],
    challenges: ['http-01'],
  })
  authority.next(failing('validation'))
  rehearsal.next(failing('validation'))
  await tick()
  t.strictSame([authority.orders.length, rehearsal.orders.length], [1, 0], 'not in the first attempt')
  await tickWhenDue()
  t.strictSame([authority.orders.length, rehearsal.orders.length], [1, 1])
  await tickWhenDue()
  t.strictSame([authority.orders.length, rehearsal.orders.length], [2, 2])
  t.not(rehearsal.orders[1]?.key.reveal(), authority.orders[1]?.key.reveal())
  t.strictSame(managed.current()?.authority, 'first')
})

for (const failure of ['network', 'limited', 'refused', 'account'] as const) {
  t.test(`a test stage that cannot tell (${failure}) does not keep us from the authority`, async t => {
    const clock = fakeClock()
    const [authority, rehearsal] = [scriptedAuthority({ clock }), scriptedAuthority({ clock, id: 'staging' })]
    const { managed, tick, tickWhenDue } = await manage(t, { clock, choices: [{ authority, rehearsal }] })
    authority.next(failing('validation'), failing('validation'))
    rehearsal.always(failing(failure, 5 * HOUR_MS))
    await tick()
    await tickWhenDue()
    t.strictSame(managed.current()?.authority, 'first')
    t.strictSame(rehearsal.orders.length, 1)
  })
}

t.test('what keeps the authority from reaching us puts the order off for ten minutes at most', async t => {
  const problems = ['registry.test is 192.0.2.1, which is not this machine', 'port 80 is closed']
  const { authority, managed, tick, run, clock } = await manage(t, { preflight: async () => problems })
  await tick()
  t.strictSame(authority.orders.length, 0)
  t.strictSame(managed.status().lastError, problems.join('; '))
  t.ok(managed.nextAt() - clock() < 34_000, 'looks again every half minute')
  await run(9 * MINUTE_MS)
  t.strictSame(authority.orders.length, 0)
  await run(2 * MINUTE_MS)
  t.strictSame(authority.orders.length, 1, 'what we see of ourselves may be wrong')
  t.strictSame(managed.current()?.generation, 1)
})

t.test('orders as soon as the way is free', async t => {
  let problems = ['port 80 is closed']
  const { authority, tick, tickWhenDue } = await manage(t, { preflight: async () => problems })
  await tick()
  await tickWhenDue()
  t.strictSame(authority.orders.length, 0)
  problems = []
  await tickWhenDue()
  t.strictSame(authority.orders.length, 1)
})

t.test('the ten minutes do not begin anew with every start', async t => {
  const preflight = async () => ['port 80 is closed']
  const first = await manage(t, { preflight })
  await first.tick()
  for (let minutes = 0; minutes < 11; minutes += 1) {
    first.clock.advance(MINUTE_MS)
    const { tick } = await manage(t, {
      preflight,
      clock: first.clock,
      directory: first.directory,
      choices: [],
    })
    await tick()
  }
  const last = await manage(t, {
    preflight,
    clock: first.clock,
    directory: first.directory,
    setup: 'changed',
  })
  await last.tick()
  t.strictSame(last.authority.orders.length, 1)
})

const types = ['dns-01', 'http-01', 'tls-alpn-01'] as const
const validation = (count: number) => ({
  failures: { count, validations: count, failure: 'validation', message: '', at: 0, nextAt: 0, setup: '' },
})
for (const { why, name = 'a.test', state, expected } of [
  { why: 'as configured', state: {}, expected: [...types] },
  {
    why: 'what worked last is first',
    state: { challenge: 'tls-alpn-01' as const },
    expected: ['tls-alpn-01', 'dns-01', 'http-01'],
  },
  { why: 'a wildcard needs DNS', name: '*.a.test', state: {}, expected: ['dns-01'] },
  { why: 'an address has no DNS', name: '192.0.2.1', state: {}, expected: ['http-01', 'tls-alpn-01'] },
  { why: 'IPv6 neither', name: '2001:db8::1', state: {}, expected: ['http-01', 'tls-alpn-01'] },
  {
    why: 'a failed validation makes the next one first',
    state: validation(1),
    expected: ['http-01', 'tls-alpn-01', 'dns-01'],
  },
  { why: 'all had their turn', state: validation(3), expected: [...types] },
  {
    why: 'what worked last has its turn, too',
    state: { challenge: 'http-01' as const, ...validation(1) },
    expected: ['dns-01', 'tls-alpn-01', 'http-01'],
  },
  {
    why: 'other failures say nothing of the way',
    state: { failures: { ...validation(1).failures, validations: 0, failure: 'network' } },
    expected: [...types],
  },
]) {
  t.test(`order of the challenges: ${why}`, async t => {
    t.strictSame(
      challengeOrder({ name, challenges: types }, { waitUntil: {}, obtained: [], ...state }),
      expected,
    )
  })
}
