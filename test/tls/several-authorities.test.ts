import t from 'tap'
import type { AcmeFailure } from '../../src/model/errors.ts'
import { AttemptFailed } from '../../src/tls/attempt-failed.ts'
import {
  type Answer,
  DAY_MS,
  failing,
  fakeClock,
  HOUR_MS,
  issued,
  MINUTE_MS,
  manage,
  NAME,
  scriptedAuthority,
} from './managed-support.ts'

/** A manager with two authorities, on a stored certificate that is due when `isServing`. */
async function twoAuthorities(
  t: Parameters<typeof manage>[0],
  { isServing = false }: { readonly isServing?: boolean } = {},
) {
  const clock = fakeClock()
  const [first, second] = [scriptedAuthority({ clock }), scriptedAuthority({ clock, id: 'second' })]
  const managing = await manage(t, { clock, authorities: [first, second] })
  if (isServing) {
    await managing.store.add(NAME, 0, await issued(clock))
    await managing.managed.load()
    clock.advance(70 * DAY_MS)
  }
  const counts = () => [first.orders.length, second.orders.length]
  return { ...managing, first, second, counts }
}

t.test('a rate limit sends us to the next authority at once, and not back before its time', async t => {
  const { first, second, tick, tickWhenDue, counts, managed, clock, directory } = await twoAuthorities(t)
  first.always(failing('limited', 3 * HOUR_MS))
  second.next(failing('network'))
  await tick()
  t.strictSame(counts(), [1, 1])
  t.match(
    managed.status().lastError,
    /no certificate: limited; no certificate: network/,
    'both reasons are told',
  )
  await tickWhenDue()
  t.strictSame(managed.current()?.authority, 'second')
  t.strictSame(counts(), [1, 2], 'the first was not asked again')
  const restarted = await manage(t, { clock, directory, authorities: [first, second] })
  await restarted.managed.renew(new AbortController().signal)
  t.strictSame(counts(), [1, 3], 'nor by a restart and a forced renewal')
  clock.advance(3 * HOUR_MS)
  await restarted.managed.renew(new AbortController().signal)
  t.strictSame(counts(), [2, 4], 'it is the first again')
})

t.test('a rate limit without another authority is waited for to its end, across restarts', async t => {
  const { authority, tick, tickWhenDue, run, clock, managed, directory } = await manage(t)
  authority.always(failing('limited', 3 * HOUR_MS))
  const from = clock()
  await tick()
  t.strictSame(managed.nextAt(), from + 3 * HOUR_MS)
  await run(HOUR_MS, 10 * MINUTE_MS)
  const restarted = await manage(t, { clock, directory, setup: 'changed' })
  await restarted.tick()
  t.strictSame(restarted.authority.orders.length, 0, 'not even with another configuration')
  t.match(restarted.managed.status().lastError, /^first asked us to wait until 2026-11-24T15:00:00/)
  while (restarted.authority.orders.length === 0) await restarted.tickWhenDue()
  t.ok(clock() >= from + 3 * HOUR_MS && clock() < from + 3 * HOUR_MS + MINUTE_MS)
  t.strictSame(restarted.managed.current()?.generation, 1)
  await tickWhenDue()
})

t.test('no authority is left alone for longer than a week', async t => {
  const { authority, tick, run, clock } = await manage(t)
  authority.next(failing('limited', 300 * DAY_MS))
  const from = clock()
  await tick()
  await run(8 * DAY_MS, 6 * HOUR_MS)
  t.strictSame(authority.orders.length, 2)
  t.ok(clock() > from)
})

t.test('a forced renewal does not go back before the time that an authority asked for', async t => {
  const { managed, authority, tick } = await manage(t)
  authority.always(failing('limited', HOUR_MS))
  await tick()
  await t.rejects(managed.renew(new AbortController().signal), AttemptFailed)
  t.strictSame(authority.orders.length, 1)
})

t.test('an authority that refuses is followed by the next, and then asked once a day', async t => {
  const { first, second, tick, tickWhenDue, counts, clock, managed } = await twoAuthorities(t)
  first.always(failing('refused'))
  second.always(failing('refused'))
  await tick()
  t.strictSame(counts(), [1, 1])
  const from = clock()
  const wait = (await tickWhenDue()) - from
  t.ok(wait >= 21 * HOUR_MS && wait <= 27 * HOUR_MS)
  t.strictSame(counts(), [2, 2])
  t.strictSame(managed.status().failedAttempts, 2)
})

t.test('is tried at once when the configuration changes', async t => {
  const { authority, tick, clock, directory } = await manage(t)
  authority.always(failing('refused'))
  await tick()
  const same = await manage(t, { clock, directory })
  await same.tick()
  t.strictSame(same.authority.orders.length, 0)
  const changed = await manage(t, { clock, directory, setup: 'changed' })
  t.strictSame(changed.managed.status().lastError, undefined)
  await changed.tick()
  t.strictSame(changed.managed.current()?.generation, 1)
})

const orders: readonly {
  readonly why: string
  readonly failures: readonly [AcmeFailure, AcmeFailure]
  readonly least: number
  readonly most: number
}[] = [
  {
    why: 'the first is away and may be back soon, though the second refuses',
    failures: ['network', 'refused'],
    least: 0.9 * MINUTE_MS,
    most: 1.1 * MINUTE_MS,
  },
  {
    why: 'the second is away and may be back soon, though the first refuses',
    failures: ['refused', 'server'],
    least: 0.9 * MINUTE_MS,
    most: 1.1 * MINUTE_MS,
  },
  {
    why: 'a limit without a time is over some time',
    failures: ['limited', 'refused'],
    least: 0.9 * MINUTE_MS,
    most: 1.1 * MINUTE_MS,
  },
  {
    why: 'the name cannot be verified, and failures are counted',
    failures: ['account', 'validation'],
    least: 4.5 * MINUTE_MS,
    most: 5.5 * MINUTE_MS,
  },
]

for (const { why, failures, least, most } of orders) {
  t.test(`waits as long as the failure that passes soonest: ${why}`, async t => {
    const { first, second, tick, tickWhenDue, clock, counts, managed } = await twoAuthorities(t)
    first.always(failing(failures[0]))
    second.always(failing(failures[1]))
    await tick()
    t.strictSame(counts()[0], 1)
    t.not(counts()[1], 0)
    const wait = managed.nextAt() - clock()
    t.ok(wait >= least && wait <= most, `${wait / MINUTE_MS} minutes`)
    await tickWhenDue()
    t.strictSame(counts()[0], 2)
  })
}

t.test('an authority that is away is asked three times before the next, as long as we can serve', async t => {
  const { first, second, tickWhenDue, counts, managed } = await twoAuthorities(t, { isServing: true })
  first.always(failing('network'))
  for (let count = 0; count < 2; count += 1) await tickWhenDue()
  while (first.orders.length < 2) await tickWhenDue()
  t.strictSame(counts(), [2, 0])
  while (first.orders.length < 3) await tickWhenDue()
  t.strictSame(counts(), [3, 1])
  t.strictSame(managed.current()?.authority, 'second')
  t.strictSame(second.orders[0]?.replaces, undefined)
})

t.test('without a certificate the next authority is asked at once', async t => {
  const { first, tick, counts, managed } = await twoAuthorities(t)
  first.always(failing('server'))
  await tick()
  t.strictSame(counts(), [1, 1])
  t.strictSame(managed.current()?.authority, 'second')
})

t.test('a fault of our own is no reason to trouble the next authority, and is tried again', async t => {
  const { first, tick, tickWhenDue, counts, managed } = await twoAuthorities(t)
  const broken: Answer = () => Promise.reject(new TypeError('a bug'))
  first.next(broken)
  await tick()
  t.strictSame(counts(), [1, 0])
  t.strictSame(managed.status().lastError, 'a bug')
  await tickWhenDue()
  t.strictSame(managed.current()?.authority, 'first')
})
