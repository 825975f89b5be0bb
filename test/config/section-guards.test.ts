import t from 'tap'
import { z } from 'zod'
import { checkGuards } from '../../src/config/check-guards.ts'
import {
  ImmutableTagsSchema,
  ManifestRulesSchema,
  ProtectedTagsSchema,
} from '../../src/config/section-guards.ts'
import { zodFaults } from '../../src/config/zod-faults.ts'

const faultsOf = (schema: z.ZodType, value: unknown) => {
  const { error } = schema.safeParse(value, { reportInput: true })
  return zodFaults(error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

t.test('no section means no guards', async t => {
  for (const schema of [ImmutableTagsSchema, ProtectedTagsSchema, ManifestRulesSchema]) {
    t.strictSame(schema.parse(undefined), [])
  }
  const { guards, faults } = checkGuards({})
  t.strictSame(faults, [])
  t.equal(guards.immutable.concerns('a'), false)
  t.equal(guards.protected.concerns('a'), false)
  t.equal(guards.manifests.on('a', 'b'), undefined)
})

t.test('sizes are bytes, or decimal and binary units', async t => {
  const sizes: readonly (readonly [text: string, bytes: number])[] = [
    ['1', 1],
    ['2000000', 2_000_000],
    ['10B', 10],
    ['500MB', 500_000_000],
    ['1.5 GiB', 1_610_612_736],
    ['2kB', 2_000],
    ['3TiB', 3 * 2 ** 40],
  ]
  for (const [text, bytes] of sizes) {
    t.equal(ManifestRulesSchema.parse([{ name: '*', max_size: text }])[0]?.max_size, bytes, text)
  }
  for (const text of ['', '0', '-1', '1gb', '1 G B', 'MB', '0.1', '9999999999TiB', '1e9', '1constructor']) {
    t.strictSame(
      faultsOf(ManifestRulesSchema, [{ name: '*', max_size: text }]),
      ['0.max_size: must be a size such as 500MB or 2GiB'],
      JSON.stringify(text),
    )
  }
})

t.test('a rule that guards nothing is refused', async t => {
  t.strictSame(
    faultsOf(ImmutableTagsSchema, [{ tags: ['v*'] }, { name: '', tags: [] }, { name: 'a', except: [''] }]),
    [
      '0.name: is missing',
      '1.name: must not be empty',
      '1.tags: must name at least one',
      '2.except.0: must not be empty',
    ],
  )
  t.match(faultsOf(ProtectedTagsSchema, [{ name: 'a', tag: 'x' }]), [/tag/])
  t.strictSame(faultsOf(ManifestRulesSchema, [{ name: 'a', tags: ['v*'] }]), [
    '0: demands nothing; it needs media_types, max_size, required_annotations or required_labels',
  ])
})

t.test(
  'every pattern that is wrong is an error at its path, beside sections that the schema refuses',
  async t => {
    const { guards, faults } = checkGuards({
      immutable_tags: [{ name: 'prod/*', tags: ['v*'] }, { name: '[' }],
      protected_tags: 'nonsense',
      manifest_rules: [{ name: '*', media_types: ['/(/'] }],
    })
    t.strictSame(
      faults.map(({ severity, path }) => `${severity} ${path.join('.')}`),
      ['error immutable_tags.1.name', 'error manifest_rules.0.media_types.0'],
    )
    t.strictSame(guards.immutable.ruleFor('prod/x', 'v1'), { rule: 'immutable_tags[0]' })
    t.equal(guards.immutable.ruleFor('prod/x', `sha256-${'a'.repeat(64)}`), undefined, 'referrers are exempt')
  },
)

t.test('every key of the sections is described', async t => {
  const sections = z.object({ a: ImmutableTagsSchema, b: ProtectedTagsSchema, c: ManifestRulesSchema })
  const undescribed: string[] = []
  const walk = (path: string, node: z.core.JSONSchema.BaseSchema) => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      if (typeof child === 'boolean') continue
      if (child.description === undefined) undescribed.push(`${path}.${key}`)
      walk(`${path}.${key}`, child)
    }
    if (typeof node.items === 'object' && !Array.isArray(node.items)) walk(`${path}[]`, node.items)
  }
  walk('', z.toJSONSchema(sections, { io: 'input' }))
  t.strictSame(undescribed, [])
})
