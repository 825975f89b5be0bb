import t from 'tap'
import { failing, fakeClock, HOUR_MS, issued, manage, NAME, scriptedAuthority } from './managed-support.ts'

for (const retryAfterMs of [0, 1_000]) {
  t.test(
    `an authority that asks for ${retryAfterMs} ms of rest again and again is not asked that often`,
    async t => {
      const { authority, run } = await manage(t)
      authority.always(failing('limited', retryAfterMs))
      await run(HOUR_MS, 1_000)
      t.ok(authority.orders.length <= 8, `${authority.orders.length} orders in an hour`)
      t.ok(authority.orders.length >= 4, 'but not forgotten')
    },
  )
}

t.test('a certificate of a test stage gives way to one of the authority at once', async t => {
  const { managed, store, authority, clock, tick } = await manage(t)
  await store.add(NAME, 0, await issued(clock, { authority: 'first-staging' }))
  await store.writeState(NAME, { obtained: [clock()] })
  await managed.load()
  await tick()
  t.equal(managed.current()?.authority, 'first')
  await tick()
  t.equal(authority.orders.length, 1, 'and that one stays')
})

t.test('a certificate of a test stage that is still asked is kept', async t => {
  const clock = fakeClock()
  const staging = scriptedAuthority({ clock, id: 'first-staging' })
  const { managed, store, tick } = await manage(t, { clock, authorities: [staging] })
  await store.add(NAME, 0, await issued(clock, { authority: 'first-staging' }))
  await managed.load()
  await tick()
  t.strictSame(staging.orders, [])
})

for (const id of ['second', 'imported:example', 'first']) {
  t.test(`a certificate of ${id} is kept until its renewal`, async t => {
    const { managed, store, authority, clock, tick } = await manage(t)
    await store.add(NAME, 0, await issued(clock, { authority: id }))
    await managed.load()
    await tick()
    t.equal(managed.current()?.authority, id)
    t.strictSame(authority.orders, [])
  })
}
