import t from 'tap'
import { failing, fakeClock, issued, MINUTE_MS, manage, NAME } from './managed-support.ts'

t.test('failed validations are counted across failures of another kind', async t => {
  const { authority, tickWhenDue, tick, clock, managed } = await manage(t, { challenges: ['http-01'] })
  authority.always(failing('validation'))
  await tick()
  authority.always(failing('network'))
  await tickWhenDue()
  authority.always(failing('validation'))
  await tickWhenDue()
  const wait = managed.nextAt() - clock()
  t.ok(wait >= 18 * MINUTE_MS, `the second failed validation, so twenty minutes: ${wait / MINUTE_MS}`)
})

t.test('an authority that is away and one that fails are waited for longer each time', async t => {
  const { authority, tickWhenDue, tick, clock, managed } = await manage(t, {})
  const waits: number[] = []
  for (const failure of ['network', 'server', 'network', 'server'] as const) {
    authority.always(failing(failure))
    await (waits.length === 0 ? tick() : tickWhenDue())
    waits.push(managed.nextAt() - clock())
  }
  t.ok(
    waits.every((wait, index) => index === 0 || wait > (waits[index - 1] ?? 0)),
    waits.join(),
  )
})

t.test('whoever asks for a new certificate while one is obtained gets that one', async t => {
  const { authority, managed, tick } = await manage(t)
  const ticking = tick()
  await Promise.all([ticking, managed.renew(AbortSignal.timeout(30_000))])
  t.strictSame(authority.orders.length, 1)
  await managed.renew(AbortSignal.timeout(30_000))
  t.strictSame(authority.orders.length, 2, 'asked for later it is another')
})

t.test('a certificate that another process obtained before is none that was asked for', async t => {
  const clock = fakeClock()
  const { authority, managed, store, tick } = await manage(t, { clock })
  await tick()
  await store.add(NAME, 1, await issued(clock, {}))
  clock.advance(MINUTE_MS)
  await managed.renew(AbortSignal.timeout(30_000))
  t.strictSame(managed.current()?.generation, 3)
  t.strictSame(authority.orders.length, 2)
})

t.test('a certificate that cannot be named to its authority is renewed without that', async t => {
  const certificateId = async () => {
    throw new Error('not understood')
  }
  const { authority, managed, tick, log } = await manage(t, { certificateId })
  await tick()
  await managed.renew(AbortSignal.timeout(30_000))
  t.strictSame(managed.current()?.generation, 2)
  t.strictSame(authority.orders.at(-1)?.replaces, undefined)
  t.ok(log.lines.some(({ fields }) => fields?.['name'] === NAME))
})
