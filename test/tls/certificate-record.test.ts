import t from 'tap'
import { createCertificateRecord } from '../../src/tls/certificate-record.ts'
import { NEW_STATE } from '../../src/tls/certificate-state.ts'
import { newCertificate, openStore } from './store-support.ts'
import { memoryLog } from './support.ts'

const NAME = 'registry.test'
const AT = 1_700_000_000_000

function failuresAt(at: number) {
  return { count: 1, failure: 'network', message: 'no answer', at, nextAt: at + 60_000, setup: 'one' }
}

t.test('a certificate settles its order and the failures before it, though nobody wrote that', async t => {
  const { store } = await openStore(t)
  const certificate = newCertificate(t, `DNS:${NAME}`, { obtainedAt: AT })
  const pending = {
    authority: 'test-ca',
    url: 'https://ca.test/order/1',
    key: certificate.key.reveal(),
    since: AT,
  }
  await store.writeState(NAME, { ...NEW_STATE, pending, failures: failuresAt(AT - 1) })
  await store.add(NAME, 0, certificate)
  const record = createCertificateRecord({
    name: NAME,
    setup: 'one',
    store,
    clock: Date.now,
    log: memoryLog(),
  })
  await record.sync()
  t.equal(record.current()?.generation, 1)
  t.equal(record.state().pending, undefined)
  t.equal(record.state().failures, undefined)
})

t.test('an order and failures after the present certificate are kept', async t => {
  const { store } = await openStore(t)
  const [present, next] = [newCertificate(t, `DNS:${NAME}`, { obtainedAt: AT }), newCertificate(t)]
  const pending = {
    authority: 'test-ca',
    url: 'https://ca.test/order/2',
    key: next.key.reveal(),
    since: AT + 1,
  }
  await store.writeState(NAME, { ...NEW_STATE, pending, failures: failuresAt(AT + 2) })
  await store.add(NAME, 0, present)
  const record = createCertificateRecord({
    name: NAME,
    setup: 'one',
    store,
    clock: Date.now,
    log: memoryLog(),
  })
  await record.sync()
  t.strictSame(record.state().pending, pending)
  t.strictSame(record.state().failures, { validations: 0, ...failuresAt(AT + 2) })
})
