import t from 'tap'
import type { Authorizer, Verdict } from '../../src/authz/authorizer.ts'
import { createDecisionChain } from '../../src/authz/decision-chain.ts'
import { rememberVerdicts } from '../../src/authz/remembered-verdicts.ts'
import type { Decision, Question } from '../../src/model/decision.ts'
import { question } from './question.ts'

function authorizer(name: Authorizer['name'], answer: (question: Question) => Verdict | Promise<Verdict>) {
  const asked: Question[] = []
  const authorize = async (question: Question) => {
    asked.push(question)
    return await answer(question)
  }
  return { asked, name, authorize, close: async () => {} }
}

const byAcl = (parts: Partial<Decision>): Decision => ({
  granted: [],
  denied: ['pull', 'push'],
  rule: 'default-deny',
  reason: 'no rule matches',
  ...parts,
})
const asked = question({ actions: ['pull', 'push'] })

t.test('asks the first authorizer where no rule decides, and nobody else', async t => {
  const first = authorizer('ext_authz', () => ({ granted: ['pull', 'push'] }))
  const second = authorizer('http_authz', () => ({ granted: [] }))
  const decideWith = (decision: Decision) =>
    createDecisionChain({ decideByAcl: () => decision, authorizers: [first, second] })(asked)

  const ruled = byAcl({ rule: 'acl[3]', granted: ['pull'], denied: ['push'], reason: 'r' })
  t.equal(await decideWith(ruled), ruled, 'a rule has decided')
  t.strictSame(first.asked, [])
  t.strictSame(await decideWith(byAcl({})), {
    granted: ['pull', 'push'],
    denied: [],
    rule: 'ext_authz',
    reason: 'ext_authz allows pull, push',
  })
  t.strictSame(first.asked, [asked])
  t.strictSame(second.asked, [], 'ext_authz never passes a question on')
})

t.test('decides without waiting for anyone when there is no authorizer', async t => {
  const decision = byAcl({})
  const decide = createDecisionChain({ decideByAcl: () => decision, authorizers: [] })
  t.equal(await decide(asked), decision)
})

t.test('says who denied what to whom in one line', async t => {
  const rows: readonly [verdict: Verdict, parts: Partial<Question>, reason: string][] = [
    [{ granted: [] }, {}, 'ext_authz denies alice pull on team/app'],
    [
      { granted: [], reason: 'frozen\nuntil Mönday' },
      {},
      'ext_authz denies alice pull on team/app: frozen?until M?nday',
    ],
    [
      { granted: [] },
      {
        subject: { name: '', via: 'anonymous', labels: {} },
        access: { type: 'registry', name: 'catalog', actions: ['*'] },
      },
      'ext_authz denies anonymous * on registry catalog',
    ],
  ]
  for (const [verdict, parts, reason] of rows) {
    const authorizers = [authorizer('ext_authz', () => verdict)]
    const decide = createDecisionChain({ decideByAcl: q => byAcl({ denied: q.access.actions }), authorizers })
    const decision = await decide(question(parts))
    t.match(decision, { granted: [], rule: 'ext_authz', reason })
  }
  const verbose = [authorizer('http_authz', () => ({ granted: [], reason: 'x'.repeat(10_000) }))]
  const decision = await createDecisionChain({ decideByAcl: () => byAcl({}), authorizers: verbose })(asked)
  t.equal(decision.reason.length, 200)
})

t.test('lets an authorizer add to what rules grant, and take nothing back that they deny', async t => {
  const rows: readonly [
    acl: Partial<Decision>,
    verdict: readonly string[],
    asked: readonly string[],
    result: object,
  ][] = [
    [
      { granted: ['pull'], denied: ['push'] },
      ['push'],
      ['push'],
      { granted: ['pull', 'push'], denied: [], rule: 'ext_authz' },
    ],
    [
      { granted: ['pull'], denied: ['push'] },
      [],
      ['push'],
      { granted: ['pull'], denied: ['push'], rule: 'ext_authz' },
    ],
    [
      { rule: 'freeze', undecided: ['pull'], reason: 'freeze denies push' },
      ['pull', 'push'],
      ['pull'],
      { granted: ['pull'], denied: ['push'], rule: 'freeze', reason: 'freeze denies push' },
    ],
    [
      { rule: 'default-deny', undecided: ['push'] },
      [],
      ['push'],
      { granted: [], denied: ['pull', 'push'], rule: 'ext_authz' },
    ],
    [
      { rule: 'freeze', undecided: [] },
      ['pull'],
      [],
      { granted: [], denied: ['pull', 'push'], rule: 'freeze' },
    ],
  ]
  for (const [acl, granted, wanted, result] of rows) {
    const ext = authorizer('ext_authz', () => ({ granted }))
    const decide = createDecisionChain({ decideByAcl: () => byAcl(acl), authorizers: [ext] })
    t.match(await decide(asked), result, JSON.stringify(acl))
    t.strictSame(
      ext.asked.flatMap(({ access }) => access.actions),
      wanted,
    )
  }
})

t.test('grants nothing that was not asked for, and cannot tell when the authorizer cannot', async t => {
  const generous = authorizer('http_authz', () => ({ granted: ['*', 'delete', 'pull'] }))
  const decide = createDecisionChain({ decideByAcl: () => byAcl({}), authorizers: [generous] })
  t.match(await decide(asked), { granted: ['pull'], denied: ['push'] })
  const broken = authorizer('casbin_authz', () => Promise.reject(new Error('down')))
  const failing = createDecisionChain({ decideByAcl: () => byAcl({}), authorizers: [broken] })
  await t.rejects(Promise.resolve(failing(asked)), { message: 'down' })
})

t.test('remembers verdicts for their time, by all that a question says', async t => {
  let now = 1_000
  const ext = authorizer('ext_authz', ({ access }) => ({ granted: access.actions }))
  const remembered = rememberVerdicts(ext, { clock: () => now, ttlMs: 5_000 })
  await Promise.all([remembered.authorize(asked), remembered.authorize({ ...asked, now: 7 })])
  now += 5_000
  t.strictSame(await remembered.authorize(asked), { granted: ['pull', 'push'] })
  t.equal(ext.asked.length, 1)
  const others: readonly Partial<Question>[] = [
    { subject: { ...asked.subject, name: 'bob' } },
    { subject: { ...asked.subject, labels: {} } },
    { access: { ...asked.access, actions: ['pull'] } },
    { access: { ...asked.access, name: 'team/other' } },
    { access: { ...asked.access, type: 'registry' } },
    { service: 'other' },
    { clientIp: '192.0.2.8' },
    { tag: 'v1' },
    { userAgent: 'docker/27' },
  ]
  for (const other of others) await remembered.authorize({ ...asked, ...other })
  t.equal(ext.asked.length, 1 + others.length)
  now += 1
  await remembered.authorize(asked)
  t.equal(ext.asked.length, 2 + others.length)

  const flaky = authorizer('ext_authz', () => Promise.reject(new Error('down')))
  const forgetful = rememberVerdicts(flaky, { clock: () => now, ttlMs: 5_000 })
  for (let n = 0; n < 2; n += 1) await t.rejects(forgetful.authorize(asked), { message: 'down' })
  t.equal(flaky.asked.length, 2, 'what it could not tell is asked again')
})
