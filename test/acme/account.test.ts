import t from 'tap'
import { createDirectoryReader } from '../../src/acme/directory-reader.ts'
import { createSignedRequests } from '../../src/acme/signed-requests.ts'
import { createTransport } from '../../src/acme/transport.ts'
import type { AcmeAccount } from '../../src/model/certificate-authority.ts'
import { Secret } from '../../src/model/secret.ts'
import { startGate } from '../support/acme-gate.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import type { Scope } from '../support/scope.ts'
import { failureOf, memoryAccounts, never, newKey, openAuthority, orderOf } from './support.ts'

const MAC_KEY = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W'
let pebble: Pebble

t.before(async () => {
  pebble = await startPebble(t, { alwaysValid: true, nonceReject: 0 })
})

t.test('the key is stored before the account is asked for, its URL after', async t => {
  const { authority, accounts } = openAuthority(t, pebble)
  await authority.issue(orderOf(['a.test']), never())
  t.strictSame(accounts.writes, ['key', 'url'])
  t.match(accounts.stored.get('pebble')?.url, /^https:/)
})

t.test('a second authority object uses the account of the first', async t => {
  const gate = await startGate(t, pebble)
  const accounts = memoryAccounts()
  const at = { ...pebble, directory: gate.directory }
  await openAuthority(t, at, { accounts }).authority.issue(orderOf(['b.test']), never())
  const before = accounts.stored.get('pebble')?.url
  await openAuthority(t, at, { accounts }).authority.issue(orderOf(['c.test']), never())
  t.equal(accounts.stored.get('pebble')?.url, before)
  t.equal(gate.count('new-account'), 1)
})

t.test('orders that start together make one account', async t => {
  const gate = await startGate(t, pebble)
  const { authority } = openAuthority(t, { ...pebble, directory: gate.directory })
  await Promise.all(['d.test', 'e.test', 'f.test'].map(name => authority.issue(orderOf([name]), never())))
  t.equal(gate.count('new-account'), 1)
  t.equal(gate.count('new-order'), 3)
})

t.test('an account whose URL was not stored is found again by its key', async t => {
  const accounts = memoryAccounts()
  await openAuthority(t, pebble, { accounts }).authority.issue(orderOf(['g.test']), never())
  const known = accounts.stored.get('pebble')
  if (known === undefined) throw new Error('no account')
  await accounts.write('pebble', { key: known.key })
  await openAuthority(t, pebble, { accounts }).authority.issue(orderOf(['h.test']), never())
  t.equal(accounts.stored.get('pebble')?.url, known.url)
})

t.test('an answer that got lost leaves no second account', async t => {
  const gate = await startGate(t, pebble)
  const { authority, accounts } = openAuthority(t, { ...pebble, directory: gate.directory })
  gate.intercept(({ step }) => (step === 'new-account' ? 'lose' : undefined))
  const failed = await failureOf(authority.issue(orderOf(['i.test']), never()))
  t.equal(failed.failure, 'network')
  const { key } = accounts.stored.get('pebble') ?? {}
  gate.intercept(() => undefined)
  await authority.issue(orderOf(['i.test']), never())
  t.equal(accounts.stored.get('pebble')?.key, key)
})

t.test('an account that the authority lost is registered again with its key', async t => {
  const pebble = await startPebble(t, { alwaysValid: true, nonceReject: 0 })
  const { authority, accounts, log } = openAuthority(t, pebble)
  await authority.issue(orderOf(['j.test']), never())
  const before = accounts.stored.get('pebble')
  await pebble.restart()
  t.ok(await authority.issue(orderOf(['j.test']), never()))
  t.equal(accounts.stored.get('pebble')?.key.reveal(), before?.key.reveal())
  t.equal(log.lines.filter(({ level }) => level === 'warn').length, 1)
})

t.test('an account that stays unknown gets a new key, and then the failure is told', async t => {
  const gate = await startGate(t, pebble)
  const { authority, accounts } = openAuthority(t, { ...pebble, directory: gate.directory })
  await authority.issue(orderOf(['k.test']), never())
  const before = accounts.stored.get('pebble')?.key.reveal()
  const problem = { type: 'accountDoesNotExist', detail: 'who?' }
  let unknown = 2
  gate.intercept(({ step }) => (step === 'new-order' && unknown-- > 0 ? { status: 400, problem } : undefined))
  t.ok(await authority.issue(orderOf(['k.test']), never()))
  t.not(accounts.stored.get('pebble')?.key.reveal(), before)
  unknown = 3
  const failed = await failureOf(authority.issue(orderOf(['k.test']), never()))
  t.equal(failed.failure, 'account')
  t.match(failed.message, 'who?')
})

t.test('an account that another process registered again is taken over', async t => {
  const pebble = await startPebble(t, { alwaysValid: true, nonceReject: 0 })
  const accounts = memoryAccounts()
  const one = openAuthority(t, pebble, { accounts })
  const other = openAuthority(t, pebble, { accounts })
  for (const { authority } of [one, other]) await authority.issue(orderOf(['r.test']), never())
  await pebble.restart()
  await accounts.write('pebble', { key: newKey() })
  for (const { authority } of [one, other]) await authority.issue(orderOf(['r.test']), never())
  t.strictSame(accounts.writes, ['key', 'url', 'key', 'key', 'url'])
})

t.test('a deactivated account is replaced by one with a new key', async t => {
  const { authority, accounts } = openAuthority(t, pebble)
  await authority.issue(orderOf(['l.test']), never())
  const before = accounts.stored.get('pebble')
  await deactivate(t, before)
  t.ok(await authority.issue(orderOf(['l.test']), never()))
  t.not(accounts.stored.get('pebble')?.key.reveal(), before?.key.reveal())
})

async function deactivate(t: Scope, account: AcmeAccount | undefined): Promise<void> {
  const transport = createTransport({
    id: 'pebble',
    caRoots: pebble.caRoot,
    userAgent: 'test',
    clock: Date.now,
    timeoutMs: 10_000,
  })
  t.teardown(() => transport.close())
  const { key, url = '' } = account ?? { key: newKey() }
  await transport.perform(never(), async () => {
    const directory = await createDirectoryReader({ id: 'pebble', url: pebble.directory, clock: Date.now })()
    const requests = await createSignedRequests({ id: 'pebble', directory, key, account: url })
    await requests.post(url, { status: 'deactivated' })
  })
}

t.test('a name that the account may not have is refused, and the account stays', async t => {
  const gate = await startGate(t, pebble)
  const { authority, accounts } = openAuthority(t, { ...pebble, directory: gate.directory })
  const problem = { type: 'unauthorized', detail: 'not this name' }
  gate.intercept(({ step }) => (step === 'new-order' ? { status: 403, problem } : undefined))
  t.equal((await failureOf(authority.issue(orderOf(['m.test']), never()))).failure, 'refused')
  t.strictSame(accounts.writes, ['key', 'url'])
})

t.test('the e-mail address goes with the account, and a changed one follows', async t => {
  const gate = await startGate(t, pebble)
  const accounts = memoryAccounts()
  const at = { ...pebble, directory: gate.directory }
  const contacts = () =>
    gate.requests.flatMap(({ payload }) => (payload as { contact?: unknown })?.contact ?? [])
  for (const email of ['one@example.com', 'one@example.com', 'two@example.com', undefined]) {
    const { authority } = openAuthority(t, at, { accounts, email })
    await authority.issue(orderOf(['n.test']), never())
  }
  t.strictSame(contacts(), ['mailto:one@example.com', 'mailto:two@example.com'])
  const removed = gate.requests.filter(({ step, payload }) => step === 'account' && payload !== '').at(-1)
  t.strictSame(removed?.payload, { contact: [] })
})

t.test('an authority that wants an external account binding', async t => {
  const pebble = await startPebble(t, { alwaysValid: true, eab: { 'kid-1': MAC_KEY } })
  await t.test('takes the right one', async t => {
    const eab = { kid: 'kid-1', hmacKey: new Secret(MAC_KEY) }
    t.ok(await openAuthority(t, pebble, { eab }).authority.issue(orderOf(['o.test']), never()))
  })
  await t.test('is not asked without one, and the key of the configuration is named', async t => {
    const failed = await failureOf(openAuthority(t, pebble).authority.issue(orderOf(['o.test']), never()))
    t.equal(failed.failure, 'refused')
    t.equal(failed.message, 'pebble takes no account without an external account binding: set tls.acme.eab')
  })
  for (const [why, kid, key] of [
    ['key', 'kid-1', 'AAAA'],
    ['name', 'kid-9', MAC_KEY],
  ] as const) {
    await t.test(`refuses a wrong ${why}`, async t => {
      const eab = { kid, hmacKey: new Secret(key) }
      const failed = await failureOf(
        openAuthority(t, pebble, { eab }).authority.issue(orderOf(['o.test']), never()),
      )
      t.equal(failed.failure, 'refused')
      t.match(failed.message, /^pebble answers: .+\((unauthorized|malformed)\)/)
      t.notMatch(failed.message, key)
    })
  }
})

for (const url of [undefined, 'https://localhost/my-account/1']) {
  t.test(`a stored key that cannot be read gives way to a new one, with URL ${url}`, async t => {
    const accounts = memoryAccounts()
    await accounts.write('pebble', { key: new Secret('scribble'), ...(url !== undefined && { url }) })
    t.ok(await openAuthority(t, pebble, { accounts }).authority.issue(orderOf(['p.test']), never()))
    t.match(accounts.stored.get('pebble')?.key.reveal(), /^-----BEGIN PRIVATE KEY-----/)
  })
}

t.test('what the storage throws comes through', async t => {
  const full = new Error('no space left on device')
  const accounts = { ...memoryAccounts(), write: () => Promise.reject(full) }
  t.equal(
    await failureOf(openAuthority(t, pebble, { accounts }).authority.issue(orderOf(['q.test']), never())),
    full,
  )
})
