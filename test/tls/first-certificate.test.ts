import t from 'tap'
import { AttemptFailed } from '../../src/tls/attempt-failed.ts'
import { LeaseLost } from '../../src/tls/lease.ts'
import { DAY_MS, failing, fakeClock, HOUR_MS, issued, MINUTE_MS, manage, NAME } from './managed-support.ts'

t.test('gets a first certificate at once, with a key of its own', async t => {
  const { managed, authority, tick, kinds, store, changes } = await manage(t)
  t.strictSame(managed.nextAt(), 0)
  t.strictSame(managed.current(), undefined)
  await tick()
  const current = managed.current()
  t.strictSame(current?.pair.names, [NAME])
  t.strictSame(current?.challenge, 'http-01')
  t.strictSame(authority.orders.length, 1)
  t.strictSame(authority.orders[0]?.replaces, undefined)
  t.strictSame(kinds(), ['obtained'])
  t.strictSame(changes(), 1)
  t.strictSame((await store.read(NAME))?.pair.certificate, current?.pair.certificate)
})

t.test('a restart takes what is stored and asks no authority', async t => {
  const before = await manage(t)
  await before.tick()
  const after = await manage(t, { directory: before.directory, clock: before.clock })
  t.strictSame(
    after.managed.current()?.pair.certificate,
    before.managed.current()?.pair.certificate,
    'already after load()',
  )
  await after.run(10 * MINUTE_MS)
  t.strictSame(after.authority.orders.length, 0)
})

t.test(
  'an authority that is away is asked again after 1, 2, 5, 10 … minutes, and six hours in the end',
  async t => {
    const { managed, authority, tick, tickWhenDue, clock, kinds } = await manage(t)
    authority.always(failing('network'))
    await tick()
    const waits: number[] = []
    for (let count = 0; count < 12; count += 1) {
      const from = clock()
      waits.push(((await tickWhenDue()) - from) / MINUTE_MS)
    }
    const expected = [1, 2, 5, 10, 20, 40, 60, 120, 240, 360, 360, 360]
    for (const [index, minutes] of expected.entries()) {
      const wait = waits[index] ?? 0
      t.ok(wait >= minutes * 0.9 && wait <= minutes * 1.1, `wait ${index + 1}: ${wait} of ${minutes} minutes`)
    }
    t.strictSame(authority.orders.length, 13)
    t.strictSame(managed.status().failedAttempts, 13)
    t.match(managed.status().lastError, /no certificate: network/)
    authority.always(undefined)
    await tickWhenDue()
    t.strictSame(managed.status().failedAttempts, 0)
    t.strictSame(managed.status().lastError, undefined)
    t.strictSame(kinds().at(-1), 'obtained')
  },
)

t.test('restarts do not shorten the wait', async t => {
  const clock = fakeClock()
  const first = await manage(t, { clock })
  first.authority.always(failing('network'))
  for (let count = 0; count < 4; count += 1) await first.tickWhenDue()
  const due = first.managed.nextAt()
  for (let restart = 0; restart < 3; restart += 1) {
    const { managed, authority, run } = await manage(t, { directory: first.directory, clock })
    t.strictSame(managed.nextAt(), due)
    t.strictSame(managed.status().failedAttempts, 4)
    await run(MINUTE_MS)
    t.strictSame(authority.orders.length, 0)
  }
  const last = await manage(t, { directory: first.directory, clock })
  await last.tickWhenDue()
  t.strictSame(last.authority.orders.length, 1)
})

t.test('a failure is logged once as long as the reason stays, but each is told', async t => {
  const { authority, log, events, tickWhenDue } = await manage(t)
  authority.always(failing('network'))
  for (let count = 0; count < 3; count += 1) await tickWhenDue()
  const told = () => events.flatMap(event => (event.kind === 'failed' ? event.isRepeated : []))
  t.strictSame(told(), [false, true, true])
  t.strictSame(log.lines.filter(({ message }) => message === 'certificate not obtained').length, 1)
  authority.always(failing('server'))
  await tickWhenDue()
  t.strictSame(told(), [false, true, true, false])
  t.strictSame(log.lines.filter(({ message }) => message === 'certificate not obtained').length, 2)
})

t.test('a forced renewal asks at once, whatever the wait, and its failure is thrown', async t => {
  const { managed, authority, tick, clock } = await manage(t)
  authority.always(failing('refused'))
  await tick()
  t.ok(managed.nextAt() - clock() > 20 * HOUR_MS)
  await t.rejects(managed.renew(new AbortController().signal), AttemptFailed)
  t.strictSame(authority.orders.length, 2)
  authority.always(undefined)
  await managed.renew(new AbortController().signal)
  t.strictSame(managed.current()?.generation, 1)
  await managed.renew(new AbortController().signal)
  t.strictSame(managed.current()?.generation, 2, 'although the first is new')
})

t.test('an end of the process in the middle of an order is no failure', async t => {
  const { managed, authority, kinds, directory, clock } = await manage(t)
  const ending = new AbortController()
  authority.always(async ({ onOrder }, signal) => {
    await onOrder('https://first.test/order/1')
    ending.abort(new Error('landwaiter is stopping'))
    signal.throwIfAborted()
    throw new Error('it was not told')
  })
  await t.rejects(managed.tick(ending.signal), { message: 'landwaiter is stopping' })
  t.strictSame(managed.status().failedAttempts, 0)
  t.strictSame(kinds(), [])
  const next = await manage(t, { directory, clock })
  t.strictSame(next.managed.nextAt(), 0)
  await next.tick()
  t.strictSame(next.authority.orders[0]?.url, 'https://first.test/order/1')
  t.strictSame(next.authority.orders[0]?.key.reveal(), authority.orders[0]?.key.reveal())
  t.strictSame(next.managed.current()?.generation, 1)
})

t.test(
  'an order is taken up with its key, after failures too, but not one that is older than a week',
  async t => {
    const { authority, tick, tickWhenDue, clock, managed } = await manage(t)
    authority.always(failing('network'))
    await tick()
    await tickWhenDue()
    const [first, second] = authority.orders
    t.strictSame(first?.url, undefined)
    t.strictSame(second?.url, 'https://first.test/order/failed')
    t.strictSame(second?.key.reveal(), first?.key.reveal())
    clock.advance(7 * DAY_MS + MINUTE_MS)
    authority.always(undefined)
    await tick()
    const third = authority.orders.at(-1)
    t.strictSame(third?.url, undefined)
    t.not(third?.key.reveal(), first?.key.reveal())
    t.strictSame(managed.current()?.generation, 1)
  },
)

t.test(
  'what another process obtained while we waited for the lock is taken over without an order',
  async t => {
    const clock = fakeClock()
    const { store, authority, managed, tick, kinds, changes } = await manage(t, { clock })
    let ticking: Promise<void> | undefined
    await store.exclusively(
      `certificate-${NAME}`,
      async () => {
        ticking = tick()
        await store.add(NAME, 0, await issued(clock))
      },
      new AbortController().signal,
    )
    await ticking
    t.strictSame(managed.current()?.generation, 1)
    t.strictSame(authority.orders.length, 0)
    t.strictSame(kinds(), [])
    t.strictSame(changes(), 1)
  },
)

t.test('what another process renewed is taken over at the next tick', async t => {
  const one = await manage(t)
  await one.tick()
  const other = await manage(t, { clock: one.clock, directory: one.directory })
  one.clock.advance(70 * DAY_MS)
  await one.tick()
  await other.tick()
  t.strictSame(other.managed.current()?.pair.certificate, one.managed.current()?.pair.certificate)
  t.strictSame(other.kinds(), ['adopted'])
  t.strictSame(other.changes(), 2)
  t.strictSame(other.authority.orders.length, 0)
})

t.test('a lock that another process took over is no failure, and is waited for again', async t => {
  const { store, clock, directory } = await manage(t)
  let isLost = true
  const exclusively: typeof store.exclusively = async (...args) => {
    if (isLost) throw new LeaseLost('lock was taken over by another process')
    return await store.exclusively(...args)
  }
  const { managed, kinds, tick } = await manage(t, { clock, directory, store: { ...store, exclusively } })
  await tick()
  t.strictSame(managed.status().lastError, undefined)
  t.strictSame(kinds(), [])
  t.strictSame(await store.readState(NAME), undefined, 'what the other process writes is left alone')
  isLost = false
  await tick()
  t.strictSame(kinds(), ['obtained'])
})
