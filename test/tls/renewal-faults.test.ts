import t from 'tap'
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
} from './managed-support.ts'

/** A manager of a certificate that was stored before it began. */
async function withStored(
  t: Parameters<typeof manage>[0],
  certificate: Parameters<typeof issued>[1] & { readonly agoMs?: number },
) {
  const clock = fakeClock()
  const { agoMs = 0, ...details } = certificate
  const stored = await issued(() => clock() - agoMs, details)
  const before = await manage(t, { clock })
  await before.store.add(NAME, 0, stored)
  return await manage(t, { clock, directory: before.directory })
}

t.test(
  'an expired certificate is served and renewed at once, then soon again whatever failed before',
  async t => {
    const { managed, authority, tick, tickWhenDue, clock, kinds, log } = await withStored(t, {
      agoMs: 100 * DAY_MS,
    })
    t.ok(managed.current(), 'served')
    authority.always(failing('server'))
    await tick()
    t.strictSame(authority.orders.length, 1)
    for (let count = 0; count < 10; count += 1) {
      const from = clock()
      t.ok((await tickWhenDue()) - from <= 15 * MINUTE_MS)
    }
    t.strictSame(kinds().filter(kind => kind === 'expiring').length, 1, 'once a day')
    t.ok(log.lines.some(({ message }) => message === 'certificate has expired'))
    authority.always(undefined)
    await tickWhenDue()
    t.strictSame(managed.current()?.generation, 2)
  },
)

t.test('a machine that slept for 80 days renews at its first tick', async t => {
  const { managed, authority, tick, clock } = await withStored(t, {})
  await tick()
  t.strictSame(authority.orders.length, 0)
  clock.advance(80 * DAY_MS)
  await tick()
  t.strictSame(authority.orders.length, 1)
  t.ok((managed.current()?.pair.notAfter ?? 0) > clock() + 80 * DAY_MS)
})

t.test('a revoked certificate is renewed now', async t => {
  const { managed, authority, store, tick } = await withStored(t, {})
  await tick()
  t.strictSame(authority.orders.length, 0)
  await store.markRevoked(NAME, 1, START)
  await tick()
  t.strictSame(authority.orders.length, 1)
  t.strictSame(managed.current()?.generation, 2)
  t.strictSame(managed.current()?.revokedAt, undefined)
})

t.test('a certificate is revoked and renewed right after it was obtained, too', async t => {
  const { managed, authority, store, tick, clock } = await manage(t)
  await tick()
  await store.markRevoked(NAME, 1, clock())
  clock.advance(MINUTE_MS)
  await tick()
  t.strictSame(authority.orders.length, 2)
  t.strictSame(managed.current()?.generation, 2)
})

t.test(
  'an imported certificate is served until its renewal, which says nothing of what it replaces',
  async t => {
    const { managed, authority, tick, tickWhenDue } = await withStored(t, { authority: 'imported:caddy' })
    await tick()
    t.strictSame(managed.current()?.authority, 'imported:caddy')
    t.strictSame(authority.window.asked, 0)
    t.strictSame(authority.orders.length, 0)
    while (authority.orders.length === 0) await tickWhenDue()
    t.strictSame(authority.orders[0]?.replaces, undefined)
    t.strictSame(managed.current()?.authority, 'first')
  },
)

t.test(
  'a stored certificate that is not for the name is not served, and another one is stored after it',
  async t => {
    const { managed, authority, store, tick, run } = await withStored(t, { names: ['other.test'] })
    t.strictSame(managed.current(), undefined)
    await tick()
    t.strictSame(managed.current()?.pair.names, [NAME])
    await run(HOUR_MS)
    t.strictSame(authority.orders.length, 1, 'ordered once')
    t.strictSame((await store.read(NAME))?.generation, 2)
  },
)

t.test('a wildcard certificate that covers the name will do', async t => {
  const { managed, authority, run } = await withStored(t, { names: ['*.test'] })
  await run(HOUR_MS)
  t.strictSame(managed.current()?.pair.names, ['*.test'])
  t.strictSame(authority.orders.length, 0)
})

t.test('a clock that is two months ahead does not order without end', async t => {
  const trueClock = fakeClock()
  const { authority, run, managed } = await manage(t)
  // The authority's certificates end, by our clock, in 25 days, which is always too soon.
  authority.always(await ahead(trueClock))
  await run(3 * DAY_MS, HOUR_MS)
  t.ok(authority.orders.length <= 4, `${authority.orders.length} orders in three days`)
  t.ok(managed.current(), 'served all the same')
})

async function ahead(clock: ReturnType<typeof fakeClock>) {
  const { issuer } = await import('./managed-support.ts')
  return issuer({ clock: () => clock() - 65 * DAY_MS, lifeMs: 90 * DAY_MS })
}

t.test('waits that were set while the clock was ahead end when it is put right', async t => {
  const clock = fakeClock(START + 3000 * DAY_MS)
  const wrong = await manage(t, { clock })
  wrong.authority.always(failing('limited', HOUR_MS))
  await wrong.tick()
  clock.set(START)
  const right = await manage(t, { clock, directory: wrong.directory })
  await right.tick()
  t.strictSame(right.managed.current()?.generation, 1)
})

t.test('asks for the window again when the clock was ahead at the last time', async t => {
  const { authority, tick, clock, directory, store } = await withStored(t, {})
  const renewal = { generation: 1, spread: 0.5, askAt: clock() + 3000 * DAY_MS }
  await store.writeState(NAME, { renewal })
  const { asked } = authority.window
  const restarted = await manage(t, { clock, directory })
  await restarted.tick()
  t.strictSame(restarted.authority.window.asked, 1)
  t.strictSame(asked, 0)
  await tick()
})

t.test('says by how much the clock differs from that of the authority', async t => {
  for (const { minutes, isSaid } of [
    { minutes: 4, isSaid: false },
    { minutes: -6, isSaid: true },
    { minutes: 90, isSaid: true },
  ]) {
    const { authority, log, tick } = await manage(t)
    authority.skewMs = minutes * MINUTE_MS
    await tick()
    const said = log.lines.filter(({ message }) => message.startsWith('the clock of this machine differs'))
    t.strictSame(
      said.map(({ level, fields }) => ({ level, seconds: fields['seconds'] })),
      isSaid ? [{ level: 'warn', seconds: minutes * 60 }] : [],
    )
  }
})

t.test('a damaged state starts anew and keeps the certificate', async t => {
  const { managed, authority, store, run } = await withStored(t, {})
  await store.writeState(NAME, { failures: 'many', waitUntil: 7, pending: { key: 1 } })
  await run(HOUR_MS)
  t.strictSame(managed.current()?.generation, 1)
  t.strictSame(authority.orders.length, 0)
})
