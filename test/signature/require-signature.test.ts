import t from 'tap'
import type { SignatureFinding } from '../../src/model/signature.ts'
import { createRequireSignature } from '../../src/signature/require-signature.ts'
import type { SignatureRule } from '../../src/signature/signature-rule.ts'
import { keySet } from './recorded-content.ts'

const D = `sha256:${'ab'.repeat(32)}`
const rule = (changes: Partial<SignatureRule>): SignatureRule => ({
  name: 'prod/*',
  mode: 'enforce',
  signers: [],
  keys: keySet('p256'),
  ...changes,
})
const CAUSE = new Error('connection refused')
const UNSIGNED: SignatureFinding = { outcome: 'unsigned', reason: 'no signature by a trusted key was found' }
const UNKNOWN: SignatureFinding = { outcome: 'unknown', reason: 'it is down', cause: CAUSE }

function create(rules: readonly SignatureRule[], finding: SignatureFinding = UNSIGNED) {
  const warnings: unknown[] = []
  const asked: unknown[] = []
  const ignore = () => undefined
  const require = createRequireSignature({
    rules,
    check: async ask => {
      asked.push(ask)
      return finding
    },
    log: { debug: ignore, info: ignore, error: ignore, warn: (...call) => warnings.push(call) },
  })
  return { require, warnings, asked }
}

t.test('the first rule for a pull decides', async t => {
  const rules = [
    rule({ name: 'prod/*', tags: ['v*', '/^rc-[0-9]+$/'], signers: ['ci', 'robot-*'] }),
    rule({ name: '/^(prod|stage)\\//', mode: 'warn', keys: keySet('rsa') }),
    rule({ name: 'strict/*/*' }),
  ]
  const { require } = create(rules)
  const cases: readonly (readonly [
    name: string,
    tag: string | undefined,
    account: string,
    rule: string | undefined,
  ])[] = [
    ['prod/api', 'v1', 'dev', 'require_signature[0]'],
    ['prod/api', 'rc-12', 'dev', 'require_signature[0]'],
    ['prod/api', 'rc-x', 'dev', 'require_signature[1]'],
    ['prod/api', undefined, 'dev', 'require_signature[1]'],
    ['prod/api/debug', 'v1', 'dev', 'require_signature[1]'],
    ['stage/api', 'v1', 'dev', 'require_signature[1]'],
    ['strict/a/b', undefined, '', 'require_signature[2]'],
    ['strict/a', 'v1', 'dev', undefined],
    ['dev/api', 'v1', 'dev', undefined],
    ['prod/api', 'v1', 'ci', undefined],
    ['prod/api', 'v1', 'robot-7', undefined],
    ['prod/api', 'latest', 'ci', 'require_signature[1]'],
  ]
  for (const [name, tag, account, expected] of cases) {
    const duty = require({ name, account, ...(tag === undefined ? {} : { tag }) })
    const verdict = await duty?.(D)
    t.equal(
      verdict !== undefined && 'rule' in verdict ? verdict.rule : undefined,
      expected,
      `${name}:${tag} ${account}`,
    )
  }
})

t.test('says what is wrong in one short sentence', async t => {
  const pull = { name: 'prod/api', tag: 'v1', account: 'dev' }
  const enforced = create([rule({})])
  t.strictSame(await enforced.require(pull)?.(D), {
    outcome: 'deny',
    rule: 'require_signature[0]',
    message: `prod/api:v1 (${D}) is not signed by a trusted key; rule "require_signature[0]"`,
    detail: 'no signature by a trusted key was found',
  })
  t.match(await enforced.require({ name: 'prod/api', account: '' })?.(D), {
    message: `prod/api@${D} is not signed by a trusted key; rule "require_signature[0]"`,
  })
  t.strictSame(enforced.warnings, [])
  const [ask] = enforced.asked
  t.match(ask, { name: 'prod/api', digest: D, keys: keySet('p256') })

  const long = { name: `prod/${'a'.repeat(240)}`, tag: 'v'.repeat(128), account: 'dev' }
  const rules = Array.from({ length: 11 }, () => rule({ name: 'other' }))
  for (const finding of [UNSIGNED, UNKNOWN]) {
    const verdict = await create([...rules, rule({})], finding).require(long)?.(D)
    t.ok(verdict !== undefined && 'message' in verdict && verdict.message.length <= 200, finding.outcome)
  }
})

t.test('closes when it cannot tell, unless the rule only warns', async t => {
  const pull = { name: 'prod/api', tag: 'v1', account: 'dev' }
  t.strictSame(await create([rule({})], UNKNOWN).require(pull)?.(D), {
    outcome: 'unknown',
    rule: 'require_signature[0]',
    message: `the signature of prod/api:v1 (${D}) cannot be checked now; rule "require_signature[0]"`,
    cause: CAUSE,
  })
  const lenient = create([rule({ mode: 'warn' })], UNKNOWN)
  t.match(await lenient.require(pull)?.(D), { outcome: 'warn', detail: 'it is down' })
  t.equal(lenient.warnings.length, 1)
})

t.test('logs what it warns of', async t => {
  const { require, warnings } = create([rule({ mode: 'warn' })])
  await require({ name: 'prod/api', tag: 'v1', account: 'dev' })?.(D)
  t.strictSame(warnings, [
    [
      `prod/api:v1 (${D}) is not signed by a trusted key; rule "require_signature[0]"`,
      {
        rule: 'require_signature[0]',
        reason: 'no signature by a trusted key was found',
        repository: 'prod/api',
        tag: 'v1',
        account: 'dev',
      },
    ],
  ])
})

t.test('passes what is signed or a signature itself', async t => {
  const findings: readonly SignatureFinding[] = [
    { outcome: 'signed', key: 'sha256:00' },
    { outcome: 'exempt', reason: 'x' },
  ]
  for (const finding of findings) {
    const { require, warnings } = create([rule({}), rule({ mode: 'warn' })], finding)
    t.strictSame(await require({ name: 'prod/api', account: '' })?.(D), { outcome: 'pass' })
    t.strictSame(warnings, [])
  }
})
