import t from 'tap'
import { createAuthenticatorChain } from '../../src/authn/chain.ts'
import { createStaticUsers } from '../../src/authn/static-users.ts'
import type { AuthnResult } from '../../src/model/credentials.ts'
import { Secret } from '../../src/model/secret.ts'

const login = (name: string, password = 'pw') => ({ name, password: new Secret(password) })
const users = createStaticUsers({
  users: new Map([
    ['ann', { password: new Secret(`$2b$05$${'.'.repeat(53)}`), labels: { team: ['a'] } }],
    ['nopw', { labels: {} }],
  ]),
  workers: { verify: async (_hash, password) => password.reveal() === 'right' },
  clock: () => 0,
})

function chain(answer: () => AuthnResult | Promise<AuthnResult>) {
  const asked: string[] = []
  const authenticate = async ({ name }: { readonly name: string }) => {
    asked.push(name)
    return await answer()
  }
  const others = [{ via: 'ext', authenticate }] as const
  return { asked, chain: createAuthenticatorChain({ users, others, acceptsCertificates: false }) }
}

const subject = { name: 'eve', via: 'ext', labels: { g: ['x'] }, isExternal: true } as const
const external = { via: 'ext', labels: { g: ['x'] } } as const

t.test('lets the first that knows the name decide, the configuration before all', async t => {
  const { asked, chain: both } = chain(() => ({ outcome: 'authenticated', subject }))
  t.match(await both.authenticate(login('ann', 'right')), {
    outcome: 'authenticated',
    subject: { via: 'static' },
  })
  t.match(await both.authenticate(login('ann', 'wrong')), { outcome: 'rejected' }, 'no second opinion')
  t.match(await both.authenticate(login('nopw')), { subject: { via: 'static' } })
  t.strictSame(asked, [])
  t.strictSame(await both.authenticate(login('eve')), { outcome: 'authenticated', subject })
  await both.authenticate(login('', ''))
  t.strictSame(asked, ['eve', ''], 'the anonymous subject is asked about as well')

  const unknown = chain(() => ({ outcome: 'unknown' }))
  t.strictSame(await unknown.chain.authenticate(login('eve')), { outcome: 'unknown' })
  const down = chain(() => Promise.reject(new Error('down')))
  await t.rejects(down.chain.authenticate(login('eve')), { message: 'down' }, 'cannot tell is no answer')
  const alone = createAuthenticatorChain({ users, others: [], acceptsCertificates: false })
  t.strictSame(await alone.authenticate(login('eve')), { outcome: 'unknown' })
})

t.test('takes a token for whom its backend would vouch now', t => {
  const { chain: both } = chain(() => ({ outcome: 'unknown' }))
  const alone = createAuthenticatorChain({ users, others: [], acceptsCertificates: false })
  t.strictSame(both.lookup('ann', undefined), { name: 'ann', via: 'static', labels: { team: ['a'] } })
  t.strictSame(both.lookup('eve', external), subject)
  t.strictSame(both.lookup('', external), { ...subject, name: '' })
  t.equal(both.lookup('eve', undefined), undefined, 'a user that was removed')
  t.equal(both.lookup('ann', external), undefined, 'a name that has become a configured user')
  t.equal(alone.lookup('eve', external), undefined, 'a backend that is configured no more')
  t.end()
})

t.test('takes the token of a certificate as long as certificates are accepted, whatever users know', t => {
  const { chain: without } = chain(() => ({ outcome: 'unknown' }))
  const accepting = createAuthenticatorChain({ users, others: [], acceptsCertificates: true })
  const byCertificate = { via: 'certificate', labels: { cert_cn: ['ann'] } } as const
  t.strictSame(accepting.lookup('ann', byCertificate), { name: 'ann', ...byCertificate, isExternal: true })
  t.strictSame(accepting.lookup('eve', byCertificate), { name: 'eve', ...byCertificate, isExternal: true })
  t.equal(accepting.lookup('eve', external), undefined, 'a program is no certificate')
  t.equal(without.lookup('eve', byCertificate), undefined)
  t.end()
})
