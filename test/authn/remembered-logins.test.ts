import t from 'tap'
import { rememberLogins } from '../../src/authn/remembered-logins.ts'
import type { AuthnResult, Credentials } from '../../src/model/credentials.ts'
import { Secret } from '../../src/model/secret.ts'

const login = (name: string, password: string) => ({ name, password: new Secret(password) })
const subject = { name: 'ann', via: 'ext', labels: {}, isExternal: true } as const

function watched(answer: (credentials: Credentials) => AuthnResult | Promise<AuthnResult>) {
  const asked: string[] = []
  let now = 1_000
  const authenticate = rememberLogins(
    async credentials => {
      asked.push(`${credentials.name}/${credentials.password.reveal()}`)
      return await answer(credentials)
    },
    { clock: () => now, ttlMs: 30_000 },
  )
  return { asked, authenticate, advance: (ms: number) => (now += ms) }
}

t.test('asks once for the same right login in its time', async t => {
  const { asked, authenticate, advance } = watched(() => ({ outcome: 'authenticated', subject }))
  await Promise.all([authenticate(login('ann', 'pw')), authenticate(login('ann', 'pw'))])
  advance(30_000)
  t.strictSame(await authenticate(login('ann', 'pw')), { outcome: 'authenticated', subject })
  t.strictSame(asked, ['ann/pw'], 'also when both come at once')
  await authenticate(login('ann', 'other'))
  await authenticate(login('annp', 'w'))
  t.strictSame(asked, ['ann/pw', 'ann/other', 'annp/w'])
  advance(1)
  await authenticate(login('ann', 'pw'))
  t.equal(asked.length, 4)
})

t.test('remembers neither a no nor a failure', async t => {
  const answers: readonly AuthnResult[] = [{ outcome: 'rejected', reason: 'no' }, { outcome: 'unknown' }]
  for (const answer of answers) {
    const { asked, authenticate } = watched(() => answer)
    for (let n = 0; n < 2; n += 1) t.strictSame(await authenticate(login('ann', 'pw')), answer)
    t.equal(asked.length, 2, answer.outcome)
  }
  const failing = watched(() => Promise.reject(new Error('down')))
  for (let n = 0; n < 2; n += 1)
    await t.rejects(failing.authenticate(login('ann', 'pw')), { message: 'down' })
  t.equal(failing.asked.length, 2)
})
