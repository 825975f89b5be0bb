import t from 'tap'
import { certificateId } from '../../src/acme/certificate-id.ts'
import { AcmeFailed } from '../../src/model/errors.ts'
import {
  DAY_MS,
  failing,
  fakeClock,
  HOUR_MS,
  issued,
  MINUTE_MS,
  manage,
  NAME,
  START,
  scriptedAuthority,
} from './managed-support.ts'

t.test('renews a third of the life before the end, with a new key, naming what it replaces', async t => {
  const { managed, authority, clock, tick, run, kinds } = await manage(t)
  await tick()
  const first = managed.current()
  await run(58 * DAY_MS, DAY_MS)
  t.strictSame(authority.orders.length, 1)
  await run(2 * DAY_MS + HOUR_MS, DAY_MS)
  t.strictSame(authority.orders.length, 2)
  const { key, replaces } = authority.orders[1] ?? {}
  t.strictSame(replaces, await certificateId(first?.pair.certificate ?? ''))
  t.not(key?.reveal(), first?.pair.key.reveal())
  t.strictSame(managed.current()?.generation, 2)
  t.ok((managed.current()?.pair.notAfter ?? 0) > clock() + 87 * DAY_MS)
  t.strictSame(kinds(), ['obtained', 'renewed'])
})

t.test('keeps certificates of a minute valid', async t => {
  const clock = fakeClock()
  const authority = scriptedAuthority({ clock, lifeMs: 60_000 })
  const { managed, run } = await manage(t, { clock, authorities: [authority] })
  for (let round = 0; round < 60; round += 1) {
    await run(5000, 5000)
    t.ok((managed.current()?.pair.notAfter ?? 0) > clock(), `valid after ${round * 5} s`)
  }
  t.ok(authority.orders.length >= 8 && authority.orders.length <= 16, `${authority.orders.length} orders`)
})

t.test(
  'renews now when the window moved into the past, once, and then by the window of the new one',
  async t => {
    const { managed, authority, tick, run, clock } = await manage(t)
    await tick()
    await run(10 * DAY_MS, DAY_MS)
    t.strictSame(authority.orders.length, 1)
    const explanationUrl = 'https://first.test/incident'
    const past = { start: clock() - DAY_MS, end: clock() - HOUR_MS, explanationUrl }
    authority.window.answer = () => past
    await run(6 * HOUR_MS + MINUTE_MS, HOUR_MS)
    t.strictSame(authority.orders.length, 2)
    t.ok(authority.orders[1]?.replaces)
    // A wrong window for every certificate must not make us order without end.
    await run(DAY_MS - 7 * HOUR_MS, HOUR_MS)
    t.strictSame(authority.orders.length, 2)
    t.strictSame(managed.status().explanationUrl, explanationUrl)
    authority.window.answer = () => ({ start: clock() + 50 * DAY_MS, end: clock() + 51 * DAY_MS })
    await run(7 * HOUR_MS, HOUR_MS)
    t.strictSame(authority.orders.length, 2)
    t.ok((managed.status().nextRenewal ?? 0) > clock() + 49 * DAY_MS)
  },
)

t.test('a window that stays in the past costs one order a day at most', async t => {
  const { authority, run } = await manage(t)
  authority.window.answer = () => ({ start: START - DAY_MS, end: START - HOUR_MS })
  await run(3 * DAY_MS, HOUR_MS)
  t.ok(authority.orders.length <= 4, `${authority.orders.length} orders in three days`)
})

t.test('the window of an earlier certificate says nothing of the present one', async t => {
  const clock = fakeClock()
  const { store, managed, authority, tick } = await manage(t, { clock })
  await store.add(NAME, 0, await issued(clock))
  const renewal = { generation: 7, spread: 0.5, window: { start: 0, end: 1 }, askAt: clock() + HOUR_MS }
  await store.writeState(NAME, { renewal })
  await tick()
  t.strictSame(authority.orders.length, 0)
  t.strictSame(authority.window.asked, 1, 'its own window is asked for')
  t.ok((managed.status().nextRenewal ?? 0) > clock() + 50 * DAY_MS)
})

t.test(
  'asks for the window when the authority says, and keeps what is known when it cannot be told',
  async t => {
    const { managed, authority, tick, run, clock, log } = await manage(t)
    await tick()
    const [start, end] = [clock() + 30 * DAY_MS, clock() + 31 * DAY_MS]
    authority.window.answer = () => ({ start, end, retryAfterMs: 2 * HOUR_MS })
    await run(MINUTE_MS)
    const { asked } = authority.window
    const { nextRenewal = 0 } = managed.status()
    t.ok(nextRenewal >= start && nextRenewal <= end)
    authority.window.answer = () => {
      throw new AcmeFailed('server', 'HTTP 500')
    }
    await run(2 * HOUR_MS, 30 * MINUTE_MS)
    t.strictSame(authority.window.asked, asked + 1)
    t.strictSame(managed.status().nextRenewal, nextRenewal)
    await run(HOUR_MS, 30 * MINUTE_MS)
    t.strictSame(authority.window.asked, asked + 2)
    t.notOk(log.lines.some(({ level }) => level === 'error'))
  },
)

t.test('does not name what it replaces to another authority', async t => {
  const clock = fakeClock()
  const other = scriptedAuthority({ clock, id: 'other' })
  const { store, managed, tickWhenDue } = await manage(t, { clock, authorities: [other] })
  await store.add(NAME, 0, await issued(clock, { authority: 'first' }))
  await managed.load()
  clock.advance(70 * DAY_MS)
  await tickWhenDue()
  t.strictSame(managed.current()?.authority, 'other')
  t.strictSame(
    other.orders.map(({ replaces }) => replaces),
    [undefined],
  )
})

t.test('a rejected `replaces` is left out at once, and not sent again for that certificate', async t => {
  const { managed, authority, tick, clock, tickWhenDue, directory } = await manage(t)
  await tick()
  clock.advance(70 * DAY_MS)
  authority.next(failing('replaced'), failing('network'))
  await tick()
  const sent = (orders: typeof authority.orders) => orders.map(({ replaces }) => replaces !== undefined)
  t.strictSame(sent(authority.orders), [false, true, false])
  t.strictSame(managed.status().lastError, 'no certificate: network')
  const restarted = await manage(t, { clock, directory })
  await restarted.tickWhenDue()
  t.strictSame(sent(restarted.authority.orders), [false])
  t.strictSame(restarted.managed.current()?.generation, 2)
  await tickWhenDue()
  clock.advance(70 * DAY_MS)
  await tick()
  t.strictSame(sent(authority.orders).at(-1), true, 'the next certificate is named again')
})

t.test('an authority that is away for days is asked more often towards the end', async t => {
  const clock = fakeClock()
  const authority = scriptedAuthority({ clock, lifeMs: 12 * DAY_MS })
  const { managed, tick, tickWhenDue } = await manage(t, { clock, authorities: [authority] })
  await tick()
  const notAfter = managed.current()?.pair.notAfter ?? 0
  authority.always(failing('network'))
  clock.set(notAfter - 4 * DAY_MS)
  await tick()
  while (notAfter - clock() > 3 * HOUR_MS) {
    const from = clock()
    const orders = authority.orders.length
    await tickWhenDue()
    if (authority.orders.length === orders) continue
    const most = Math.min(6.6 * HOUR_MS, (notAfter - from) / 8)
    t.ok(
      clock() - from <= most + 1,
      `${(clock() - from) / MINUTE_MS} minutes, ${(notAfter - from) / HOUR_MS} h left`,
    )
  }
  clock.set(notAfter + HOUR_MS)
  await tick()
  t.strictSame(managed.current()?.generation, 1, 'the old one is still served')
  authority.always(undefined)
  await tickWhenDue()
  await tickWhenDue()
  t.strictSame(managed.current()?.generation, 2)
})

t.test('the owner is warned once a day from 14 days on, with the reason', async t => {
  const { managed, authority, clock, tick, run, events } = await manage(t)
  await tick()
  authority.always(failing('refused'))
  const notAfter = managed.current()?.pair.notAfter ?? 0
  clock.set(notAfter - 15 * DAY_MS)
  const warnings = () => events.flatMap(event => (event.kind === 'expiring' ? event.reason : []))
  await run(DAY_MS - MINUTE_MS, HOUR_MS * 6)
  t.strictSame(warnings(), [])
  await run(3 * DAY_MS, HOUR_MS * 6)
  t.strictSame(warnings(), Array(3).fill('no certificate: refused'))
})
