import t from 'tap'
import type { AcmeStep } from '../support/acme-gate.ts'
import { startGate } from '../support/acme-gate.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import {
  type Answerer,
  failureOf,
  never,
  openAuthority,
  openBehindGate,
  orderOf,
  startAnswerer,
} from './support.ts'

let pebble: Pebble
let answerer: Answerer

t.before(async () => {
  pebble = await startPebble(t, { nonceReject: 0 })
  answerer = await startAnswerer(t, pebble)
})

/** Where an attempt ends, so that the next one finds the order in some state. */
const ends: readonly { readonly at: AcmeStep; readonly verdict: 'drop' | 'lose'; readonly why: string }[] = [
  { at: 'authorization', verdict: 'drop', why: 'pending, before anything is proved' },
  { at: 'challenge', verdict: 'drop', why: 'pending, before the challenge is announced' },
  { at: 'challenge', verdict: 'lose', why: 'pending or ready, after the challenge is announced' },
  { at: 'finalize', verdict: 'drop', why: 'ready' },
  { at: 'finalize', verdict: 'lose', why: 'processing or valid' },
  { at: 'certificate', verdict: 'drop', why: 'valid' },
]

for (const { at, verdict, why } of ends) {
  t.test(`takes up an order that is ${why}`, async t => {
    const { authority, gate } = await openBehindGate(t, pebble, { answer: answerer.answer })
    const first = orderOf([`${at}-${verdict}.test`])
    gate.intercept(({ step }) => (step === at ? verdict : undefined))
    t.equal((await failureOf(authority.issue(first, never()))).failure, 'network')
    t.equal(answerer.published.size, 0)
    gate.intercept(() => undefined)
    const second = orderOf(first.names, { key: first.key, url: first.urls[0] })
    t.match((await authority.issue(second, never())).chain, 'BEGIN CERTIFICATE')
    t.ok(gate.count('new-order') <= 2, 'one extra order at most')
    if (verdict === 'drop') t.equal(gate.count('new-order'), 1)
  })
}

t.test('orders once, however long our clock is behind', async t => {
  let behind = 3_600_000
  const clock = () => Date.now() - behind
  const { authority, gate } = await openBehindGate(t, pebble, { answer: answerer.answer, clock })
  const first = orderOf(['early.test'])
  t.match((await failureOf(authority.issue(first, never()))).message, 'is our clock right?')
  const again = orderOf(first.names, { key: first.key, url: first.urls[0] })
  t.match((await failureOf(authority.issue(again, never()))).message, 'is our clock right?')
  behind = 0
  t.match((await authority.issue(again, never())).chain, 'BEGIN CERTIFICATE')
  t.equal(gate.count('new-order'), 1)
})

t.test('makes a new order where the earlier one cannot lead to the certificate', async t => {
  const { authority, gate } = await openBehindGate(t, pebble, { answer: answerer.answer })
  const first = orderOf(['gone.test'])
  await authority.issue(first, never())
  const url = first.urls[0]
  const cases = [
    { why: 'its address is unknown', order: orderOf(['gone.test'], { url: `${url}x` }) },
    { why: 'it was for other names', order: orderOf(['gone.test', 'more.test'], { key: first.key, url }) },
    { why: 'its certificate is for another key', order: orderOf(['gone.test'], { url }) },
  ]
  for (const { why, order } of cases) {
    const before = gate.count('new-order')
    await authority.issue(order, never())
    t.equal(gate.count('new-order'), before + 1, why)
    t.equal(order.urls.length, 1)
  }
})

t.test('makes a new order where the earlier one is invalid or has expired', async t => {
  for (const change of [{ status: 'invalid' }, { status: 'pending', expires: '2020-01-01T00:00:00Z' }]) {
    const { authority, gate } = await openBehindGate(t, pebble, { answer: answerer.answer })
    const first = orderOf(['over.test'])
    gate.intercept(({ step }) => (step === 'authorization' ? 'drop' : undefined))
    await failureOf(authority.issue(first, never()))
    gate.intercept(() => undefined)
    const path = new URL(first.urls[0] ?? '').pathname
    gate.rewrite((request, answer) =>
      request.path === path
        ? { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), ...change }) }
        : undefined,
    )
    await authority.issue(orderOf(first.names, { key: first.key, url: first.urls[0] }), never())
    t.equal(gate.count('new-order'), 2)
  }
})

t.test('makes one new order where the proof failed while we were away', async t => {
  const gate = await startGate(t, pebble)
  const first = orderOf(['away.test'])
  const lost = openAuthority(t, { ...pebble, directory: gate.directory })
  gate.intercept(({ step }) => (step === 'challenge' ? 'lose' : undefined))
  await failureOf(lost.authority.issue(first, never()))
  gate.intercept(() => undefined)
  const again = openAuthority(
    t,
    { ...pebble, directory: gate.directory },
    { accounts: lost.accounts, answer: answerer.answer },
  )
  const second = orderOf(first.names, { key: first.key, url: first.urls[0] })
  t.ok(await again.authority.issue(second, never()))
  t.equal(gate.count('new-order'), 2)
})

t.test('nothing is done with an order before it is recorded', async t => {
  const { authority, gate } = await openBehindGate(t, pebble, { answer: answerer.answer })
  const full = new Error('no space left on device')
  const order = orderOf(['record.test'], { onOrder: () => Promise.reject(full) })
  t.equal(await failureOf(authority.issue(order, never())), full)
  t.equal(gate.requests.at(-1)?.step, 'new-order')
})

t.test('an aborted attempt takes its answer back and can be taken up', async t => {
  const { authority, gate } = await openBehindGate(t, pebble, { answer: answerer.answer })
  const stop = new AbortController()
  const reason = new Error('shutting down')
  gate.intercept(({ step }) => {
    if (step === 'challenge') stop.abort(reason)
    return undefined
  })
  const first = orderOf(['abort.test'])
  t.equal(await failureOf(authority.issue(first, stop.signal)), reason)
  t.equal(answerer.published.size, 0)
  gate.intercept(() => undefined)
  t.ok(await authority.issue(orderOf(first.names, { key: first.key, url: first.urls[0] }), never()))
})

t.test('an abort while the authority makes up its mind ends the wait', async t => {
  const { authority, gate } = await openBehindGate(t, pebble, { answer: answerer.answer })
  const stop = new AbortController()
  const reason = new Error('shutting down')
  gate.rewrite(({ step }, answer) => {
    if (step !== 'authorization' || answerer.history.every(({ name }) => name !== 'slow.test'))
      return undefined
    setImmediate(() => stop.abort(reason))
    const body = JSON.stringify({ ...JSON.parse(answer.body), status: 'pending' })
    return { ...answer, headers: { ...answer.headers, 'retry-after': '60' }, body }
  })
  t.equal(await failureOf(authority.issue(orderOf(['slow.test']), stop.signal)), reason)
  t.equal(answerer.published.size, 0)
})

t.test('a signal that is aborted already starts nothing', async t => {
  const { authority, gate } = await openBehindGate(t, pebble, { answer: answerer.answer })
  const reason = new Error('shutting down')
  t.equal(await failureOf(authority.issue(orderOf(['none.test']), AbortSignal.abort(reason))), reason)
  t.equal(gate.requests.length, 0)
})
