import t from 'tap'
import type { AcmeFailure } from '../../src/model/errors.ts'
import type { GateAnswer } from '../support/acme-gate.ts'
import { type Pebble, startPebble } from '../support/pebble.ts'
import { failureOf, never, openBehindGate, orderOf } from './support.ts'

let pebble: Pebble

t.before(async () => {
  pebble = await startPebble(t, { alwaysValid: true, nonceReject: 0 })
})

const answers: readonly {
  readonly why: string
  readonly answer: GateAnswer
  readonly failure: AcmeFailure
  readonly retryAfterMs?: number
  readonly message: RegExp
}[] = [
  {
    why: 'a rate limit',
    answer: {
      status: 429,
      headers: { 'retry-after': '3600' },
      problem: { type: 'rateLimited', detail: 'too many' },
    },
    failure: 'limited',
    retryAfterMs: 3_600_000,
    message: /^pebble answers: too many \(rateLimited\)$/,
  },
  { why: '429 from a proxy', answer: { status: 429, body: 'slow' }, failure: 'limited', message: /HTTP 429/ },
  {
    why: 'a rate limit that is told with another status',
    answer: { status: 403, problem: { type: 'rateLimited', detail: 'too many' } },
    failure: 'limited',
    message: /too many/,
  },
  {
    why: 'maintenance',
    answer: { status: 503, headers: { 'retry-after': '120' }, body: '<html>' },
    failure: 'server',
    retryAfterMs: 120_000,
    message: /^pebble answers: HTTP 503$/,
  },
  {
    why: 'a fault of the authority',
    answer: { status: 500, problem: { type: 'serverInternal', detail: 'oops' } },
    failure: 'server',
    message: /oops/,
  },
  {
    why: 'a paused name, with the way out',
    answer: {
      status: 429,
      problem: { type: 'rateLimited', detail: 'paused, see https://portal.test/unpause?jwt=x to go on' },
    },
    failure: 'refused',
    message: /https:\/\/portal\.test\/unpause\?jwt=x/,
  },
  {
    why: 'a CAA record',
    answer: { status: 403, problem: { type: 'caa', detail: 'forbids issuance' } },
    failure: 'refused',
    message: /forbids issuance \(caa\)/,
  },
  {
    why: 'several names at once',
    answer: {
      status: 403,
      problem: {
        type: 'rejectedIdentifier',
        detail: 'some are refused',
        subproblems: [
          { type: 'x', detail: 'on a list', identifier: { type: 'dns', value: 'a.test' } },
          { type: 'urn:ietf:params:acme:error:caa', identifier: { type: 'dns', value: 'b.test' } },
        ],
      },
    },
    failure: 'refused',
    message: /: some are refused; a\.test: on a list; b\.test: caa \(rejectedIdentifier\)$/,
  },
  {
    why: 'changed terms',
    answer: { status: 403, problem: { type: 'userActionRequired', detail: 'agree to terms' } },
    failure: 'refused',
    message: /agree to terms/,
  },
  {
    why: 'control characters',
    answer: { status: 400, problem: { type: 'malformed', detail: 'a\n\u001b[31mb' } },
    failure: 'refused',
    message: /^pebble answers: a \[31mb \(malformed\)$/,
  },
  {
    why: 'a redirect',
    answer: { status: 302, headers: { location: '/x' } },
    failure: 'server',
    message: /leads to/,
  },
  { why: 'no order in the answer', answer: { status: 201, json: {} }, failure: 'server', message: /./ },
  {
    why: 'more than a megabyte',
    answer: { status: 200, body: 'x'.repeat(2 ** 20 + 1) },
    failure: 'server',
    message: /more/,
  },
  {
    why: 'an order elsewhere than on https',
    answer: {
      status: 201,
      headers: { location: 'https://localhost/order' },
      json: {
        status: 'pending',
        identifiers: [{ type: 'dns', value: 'a.test' }],
        authorizations: ['http://169.254.169.254/'],
        finalize: 'https://localhost/finalize',
      },
    },
    failure: 'server',
    message: /not as ACME wants it: authorizations\.0/,
  },
]

for (const { why, answer, failure, retryAfterMs, message } of answers) {
  t.test(`an order is answered with ${why}`, async t => {
    const { authority, gate } = await openBehindGate(t, pebble)
    gate.intercept(({ step }) => (step === 'new-order' ? answer : undefined))
    const failed = await failureOf(authority.issue(orderOf(['a.test']), never()))
    t.equal(failed.name, 'AcmeFailed')
    t.equal(failed.failure, failure)
    t.equal(failed.retryAfterMs, retryAfterMs)
    t.match(failed.message, message)
    t.equal(gate.count('new-order'), 1, 'is asked once')
  })
}

for (const [type, status] of [
  ['alreadyReplaced', 409],
  ['malformed', 400],
  ['unauthorized', 403],
] as const) {
  t.test(`${type} is about what the order replaces, when it replaces something`, async t => {
    const { authority, gate } = await openBehindGate(t, pebble)
    gate.intercept(({ step }) =>
      step === 'new-order' ? { status, problem: { type, detail: 'no' } } : undefined,
    )
    const replaces = 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE'
    t.equal(
      (await failureOf(authority.issue(orderOf(['a.test'], { replaces }), never()))).failure,
      'replaced',
    )
    t.equal(gate.orders().at(-1)?.['replaces'], replaces)
    const without = await failureOf(authority.issue(orderOf(['a.test']), never()))
    t.equal(without.failure, type === 'alreadyReplaced' ? 'replaced' : 'refused')
  })
}

t.test('an authority that stumbles over what an order replaces gets one that replaces nothing', async t => {
  const { authority, gate } = await openBehindGate(t, pebble)
  const stumbles = { status: 500, problem: { type: 'serverInternal', detail: 'could not find an order' } }
  const replaces = 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE'
  let isDown = false
  gate.intercept(({ step, payload }) => {
    const isReplacing = step === 'new-order' && 'replaces' in Object(payload)
    return isReplacing || (isDown && step === 'new-order') ? stumbles : undefined
  })
  t.ok(await authority.issue(orderOf(['a.test'], { replaces }), never()))
  t.strictSame(new Set(gate.orders().map(order => order['replaces'])), new Set([replaces, undefined]))
  isDown = true
  const failed = await failureOf(authority.issue(orderOf(['a.test'], { replaces }), never()))
  t.equal(failed.failure, 'server', 'when that does not help')
})

t.test('what an order replaces is not told to an authority without renewal windows', async t => {
  const { authority, gate } = await openBehindGate(t, pebble)
  gate.rewrite(({ step }, answer) =>
    step === 'directory'
      ? { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), renewalInfo: undefined }) }
      : undefined,
  )
  t.ok(await authority.issue(orderOf(['a.test'], { replaces: 'a.b' }), never()))
  t.notOk('replaces' in (gate.orders().at(-1) ?? {}))
})

t.test('a profile is passed on when the authority has it, else left out with a warning', async t => {
  const { authority, gate, log } = await openBehindGate(t, pebble)
  gate.setProfiles({ classic: 'usual', shortlived: 'six days' })
  await authority.issue(orderOf(['a.test'], { profile: 'shortlived' }), never())
  await authority.issue(orderOf(['a.test'], { profile: 'eternal' }), never())
  t.strictSame(
    gate.orders().map(order => order['profile']),
    ['shortlived', undefined],
  )
  const warned = log.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields)
  t.strictSame(warned, [{ authority: 'pebble', profile: 'eternal', offered: ['classic', 'shortlived'] }])
})
