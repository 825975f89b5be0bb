import { inspect } from 'node:util'
import { hashSync } from 'bcryptjs'
import t from 'tap'
import { createPasswordWorkers } from '../../src/authn/password-workers.ts'
import { createStaticUsers, type StaticUser } from '../../src/authn/static-users.ts'
import { createFingerprint, createVerifiedCredentials } from '../../src/authn/verified-credentials.ts'
import { AuthnUnavailable } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'

const ADMIN_HASH = hashSync('pw', 4).replace('$2b$', '$2y$')
const secret = (text: string) => new Secret(text)
const credentials = (name: string, password: string) => ({ name, password: secret(password) })

const USERS: ReadonlyMap<string, StaticUser> = new Map([
  ['admin', { password: secret(ADMIN_HASH), labels: { role: ['administrator'] } }],
  ['nopw', { labels: {} }],
  ['locked', { password: secret(''), labels: {} }],
  ['plain', { password: secret('pw'), labels: {} }],
  ['', { labels: {} }],
])

/** Stands in for the threads: records every check, answers `pw` with true. */
function countingWorkers() {
  const checked: string[] = []
  return {
    checked,
    verify: async (hash: Secret, password: Secret) => {
      checked.push(hash.reveal())
      return password.reveal() === 'pw' && !hash.reveal().endsWith('.'.repeat(53))
    },
  }
}

t.test('decides as docker_auth does', async t => {
  const workers = createPasswordWorkers({ workers: 1 })
  t.teardown(workers.close)
  const users = createStaticUsers({ users: USERS, workers, clock: () => 0 })
  const without = new Map([...USERS].filter(([name]) => name !== ''))
  const closed = createStaticUsers({ users: without, workers, clock: () => 0 })
  const cases: readonly [name: string, password: string, outcome: string, from?: typeof users][] = [
    ['admin', 'pw', 'authenticated'],
    ['admin', 'wrong', 'rejected'],
    ['admin', '', 'rejected'],
    ['Admin', 'pw', 'unknown'],
    ['nobody', 'x', 'unknown'],
    ['nopw', 'anything', 'authenticated'],
    ['nopw', '', 'authenticated'],
    ['locked', '', 'rejected'],
    ['locked', 'x', 'rejected'],
    ['plain', 'pw', 'rejected'],
    ['', '', 'authenticated'],
    ['', 'pw', 'authenticated'],
    ['', '', 'unknown', closed],
    ['', 'pw', 'unknown', closed],
    ['__proto__', 'pw', 'unknown'],
    ['constructor', 'pw', 'unknown'],
  ]
  for (const [name, password, outcome, from = users] of cases) {
    const result = await from.authenticate(credentials(name, password))
    t.equal(result.outcome, outcome, `${name}:${password}`)
  }
})

t.test('a subject carries the labels of the file and where it comes from', async t => {
  const users = createStaticUsers({ users: USERS, workers: countingWorkers(), clock: () => 0 })
  const admin = { name: 'admin', via: 'static', labels: { role: ['administrator'] } } as const
  t.strictSame(await users.authenticate(credentials('admin', 'pw')), {
    outcome: 'authenticated',
    subject: admin,
  })
  t.strictSame(users.lookup('admin'), admin)
  t.strictSame(users.lookup(''), { name: '', via: 'anonymous', labels: {} })
  t.equal(users.lookup('nobody'), undefined)
})

t.test('spends a check on names that do not exist, at the cost that most users have', async t => {
  const hashOf = (cost: number) => secret(`$2y$0${cost}$${'a'.repeat(53)}`)
  const users = new Map<string, StaticUser>([
    ['a', { password: hashOf(5), labels: {} }],
    ['b', { password: hashOf(6), labels: {} }],
    ['c', { password: hashOf(5), labels: {} }],
    ['locked', { password: secret(''), labels: {} }],
  ])
  const workers = countingWorkers()
  const { authenticate } = createStaticUsers({ users, workers, clock: () => 0 })
  const decoy = `$2b$05$${'.'.repeat(53)}`
  t.strictSame(await authenticate(credentials('nobody', 'pw')), { outcome: 'unknown' })
  t.match(await authenticate(credentials('locked', '')), { outcome: 'rejected' })
  t.strictSame(workers.checked, [decoy, decoy])
  await authenticate(credentials('', ''))
  t.equal(workers.checked.length, 2, 'an anonymous request costs no check')

  const open = createStaticUsers({ users: new Map([['x', { labels: {} }]]), workers, clock: () => 0 })
  t.strictSame(await open.authenticate(credentials('nobody', 'pw')), { outcome: 'unknown' })
  t.equal(workers.checked.length, 2, 'without any hash there is nothing to hide')
})

t.test('checks a right password once in five minutes, a wrong one every time', async t => {
  let now = 1_000
  const workers = countingWorkers()
  const { authenticate } = createStaticUsers({ users: USERS, workers, clock: () => now })
  const login = async (name: string, password: string) => {
    const before = workers.checked.length
    const { outcome } = await authenticate(credentials(name, password))
    return [outcome, workers.checked.length - before]
  }
  t.strictSame(await login('admin', 'pw'), ['authenticated', 1])
  t.strictSame(await login('admin', 'pw'), ['authenticated', 0])
  t.strictSame(await login('admin', 'wrong'), ['rejected', 1])
  t.strictSame(await login('admin', 'wrong'), ['rejected', 1])
  t.strictSame(await login('nobody', 'pw'), ['unknown', 1])
  t.strictSame(await login('nobody', 'pw'), ['unknown', 1])
  now += 5 * 60_000
  t.strictSame(await login('admin', 'pw'), ['authenticated', 0])
  now += 1
  t.strictSame(await login('admin', 'pw'), ['authenticated', 1])
})

t.test('a reload forgets the logins, also when the hash is the same', async t => {
  const workers = countingWorkers()
  for (const _ of ['first', 'second']) {
    const { authenticate } = createStaticUsers({ users: USERS, workers, clock: () => 0 })
    await authenticate(credentials('admin', 'pw'))
  }
  t.equal(workers.checked.length, 2)
})

t.test('equal logins at the same time share one check', async t => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  let checks = 0
  const workers = {
    verify: () => {
      checks += 1
      return checks === 1 ? promise : Promise.resolve(false)
    },
  }
  const { authenticate } = createStaticUsers({ users: USERS, workers, clock: () => 0 })
  const same = [1, 2, 3].map(() => authenticate(credentials('admin', 'pw')))
  const other = authenticate(credentials('admin', 'other'))
  resolve(true)
  const outcomes = await Promise.all([...same, other])
  t.strictSame(
    outcomes.map(result => result.outcome),
    ['authenticated', 'authenticated', 'authenticated', 'rejected'],
  )
  t.equal(checks, 2)
})

t.test('a check that cannot be made is an error for all who wait, and is not remembered', async t => {
  const outages = [new AuthnUnavailable('Too many logins at once', 5)]
  const workers = {
    verify: async () => {
      const outage = outages.pop()
      if (outage !== undefined) throw outage
      return true
    },
  }
  const { authenticate } = createStaticUsers({ users: USERS, workers, clock: () => 0 })
  const both = await Promise.allSettled([1, 2].map(() => authenticate(credentials('admin', 'pw'))))
  t.ok(both.every(one => one.status === 'rejected' && one.reason instanceof AuthnUnavailable))
  t.match(await authenticate(credentials('admin', 'pw')), { outcome: 'authenticated' })
})

t.test('remembers a bounded number of logins', async t => {
  const verified = createVerifiedCredentials({ clock: () => 0, max: 3 })
  for (const name of ['a', 'b', 'c', 'd']) {
    await verified.verify({ ...credentials(name, 'pw'), hash: secret('h') }, async () => true)
  }
  t.equal(verified.size(), 3)
  const forgotten = { ...credentials('a', 'pw'), hash: secret('h') }
  t.equal(await verified.verify(forgotten, async () => false), false, 'the oldest is checked again')
})

t.test('what is remembered holds no name, password or hash, and means nothing elsewhere', async t => {
  const fingerprint = createFingerprint()
  const login = { ...credentials('admin', 'hunter2'), hash: secret(ADMIN_HASH) }
  const key = fingerprint(login)
  t.match(key, /^[A-Za-z0-9+/]{43}=$/)
  t.equal(fingerprint({ ...login }), key)
  for (const changed of [
    { ...login, name: 'admi' },
    { ...login, password: secret('hunter') },
    { ...login, hash: secret(`${ADMIN_HASH}x`) },
    { name: 'adminh', password: secret('unter2'), hash: login.hash },
    { name: 'admin","hunter2', password: secret(''), hash: login.hash },
  ]) {
    t.not(fingerprint(changed), key)
  }
  t.not(createFingerprint()(login), key, 'every cache has a key of its own')
  t.notMatch(inspect(createStaticUsers({ users: USERS, workers: countingWorkers(), clock: () => 0 })), /2y/)
})
