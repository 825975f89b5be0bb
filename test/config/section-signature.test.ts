import t from 'tap'
import { RequireSignatureSchema } from '../../src/config/section-signature.ts'

t.test('reads rules for signatures and fills in what is not given', async t => {
  t.strictSame(RequireSignatureSchema.parse(undefined), [])
  t.strictSame(RequireSignatureSchema.parse([{ name: 'prod/*', key_file: 'cosign.pub' }]), [
    { name: 'prod/*', keys: [], mode: 'enforce', signers: [], key_file: 'cosign.pub' },
  ])
  const full = {
    name: '/^prod/',
    tags: ['v*'],
    keys: ['-----BEGIN PUBLIC KEY-----'],
    mode: 'warn',
    signers: ['ci'],
  }
  t.strictSame(RequireSignatureSchema.parse([full]), [full])
})

t.test('refuses rules that cannot be meant', async t => {
  const cases: readonly (readonly [rule: object, path: string, message: string])[] = [
    [{ name: 'prod/*' }, '0', 'this rule needs key_file or keys'],
    [{ name: 'prod/*', keys: [] }, '0', 'this rule needs key_file or keys'],
    [{ key_file: 'a' }, '0.name', 'Invalid input: expected string, received undefined'],
    [{ name: '', key_file: 'a' }, '0.name', 'must not be empty'],
    [{ name: 'a', key_file: '' }, '0.key_file', 'must not be empty'],
    [{ name: 'a', key_file: 'a', tags: [] }, '0.tags', 'must not be empty; leave it out for all tags'],
    [{ name: 'a', key_file: 'a', mode: 'on' }, '0.mode', 'must be enforce or warn'],
    [{ name: 'a', key_file: 'a', key: 'a' }, '0', 'Unrecognized key: "key"'],
  ]
  for (const [rule, path, message] of cases) {
    const { error } = RequireSignatureSchema.safeParse([rule])
    t.strictSame(
      error?.issues.map(issue => [issue.path.join('.'), issue.message]),
      [[path, message]],
      JSON.stringify(rule),
    )
  }
})
