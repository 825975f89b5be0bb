import t from 'tap'
import type { Grant } from '../../src/token/issue.ts'
import { shareTokens } from '../../src/token/share-tokens.ts'

const GRANT: Grant = {
  subject: 'ann',
  audience: 'registry.test',
  access: [{ type: 'repository', name: 'team/web', actions: ['pull'] }],
}

function counted() {
  let now = 1_000_900
  let made = 0
  const issue = async () => {
    made += 1
    if (made === 1) throw new Error('no entropy')
    return { token: `token-${made}`, id: `id-${made}`, expiresAt: now + 300_000, expiresInSeconds: 300 }
  }
  const shared = shareTokens({ issue }, () => now)
  const ask = async (grant: Partial<Grant> = {}) => (await shared.issue({ ...GRANT, ...grant })).token
  return { ask, later: (ms: number) => (now += ms) }
}

t.test('signs once for equal grants of one second, and for all others anew', async t => {
  const { ask, later } = counted()
  await t.rejects(ask(), { message: 'no entropy' }, 'a failure is not shared with later askers')
  const first = await ask()
  t.equal(await ask(), first)
  const others = [
    { subject: 'bob' },
    { audience: 'other.test' },
    { access: [{ type: 'repository', name: 'team/web', actions: ['pull', 'push'] }] },
    { access: [] },
    { external: { via: 'ext', labels: {} } },
  ] as const
  for (const other of others) t.not(await ask(other), first, JSON.stringify(other))
  later(100)
  t.not(await ask(), first, 'the next second has tokens of its own, which expire with it')
})
