import t from 'tap'
import type { ManifestDescriptor, ManifestFacts } from '../../src/model/manifest-facts.ts'
import { isReferrerTag } from '../../src/oci/referrer-tag.ts'
import { compileGuards, type GuardEntries } from '../../src/policy/guards.ts'
import type { ManifestRuleEntry } from '../../src/policy/manifest-rules.ts'
import type { NameTagEntry } from '../../src/policy/name-tag-rules.ts'

const SIGNATURE = `sha256-${'a'.repeat(64)}.sig`
const IMAGE = 'application/vnd.oci.image.manifest.v1+json'

const compile = (entries: Partial<GuardEntries>) =>
  compileGuards(
    { immutable_tags: [], protected_tags: [], manifest_rules: [], ...entries },
    { isExempt: isReferrerTag },
  )

t.test('a tag is under the first rule that names it and does not except it', async t => {
  const entries: readonly NameTagEntry[] = [
    { name: 'prod/*', tags: ['v*', '/^[0-9]+$/'], except: ['v0*', '/-rc/'] },
    { name: '/^lib/', tags: ['stable'] },
    { name: 'all/*' },
    { name: '*', tags: ['v0*'] },
    { name: 'prod/api', tags: ['v*'], except: ['*'] },
  ]
  const { guards, issues } = compile({ immutable_tags: entries })
  t.strictSame(issues, [])
  const cases: readonly (readonly [name: string, tag: string, rule: number | undefined, why: string])[] = [
    ['prod/api', 'v1', 0, 'both globs'],
    ['prod/api', 'V1', undefined, 'case counts'],
    ['prod/api', '12', 0, 'a regular expression'],
    ['prod/api', 'v1-rc1', undefined, 'excepted by an expression, which is not anchored'],
    ['prod/api', 'v01', undefined, 'excepted by a glob'],
    ['prod/a/b', 'v1', undefined, 'a star ends at a slash'],
    ['prod', 'v01', 3, 'a later rule'],
    ['library/x', 'stable', 1, 'an expression for the name'],
    ['all/x', 'anything', 2, 'without tags every tag'],
    ['all/x', SIGNATURE, undefined, 'what signs is never under a rule'],
    ['other', 'v1', undefined, 'no rule'],
  ]
  for (const [name, tag, rule, why] of cases) {
    const expected = rule === undefined ? undefined : { rule: `immutable_tags[${rule}]` }
    t.strictSame(guards.immutable.ruleFor(name, tag), expected, `${name}:${tag}: ${why}`)
    t.equal(guards.protected.ruleFor(name, tag), undefined)
  }
  t.strictSame(
    ['prod/api', 'library/a/b', 'x/y'].map(name => guards.immutable.concerns(name)),
    [true, true, false],
  )
})

t.test(
  'every faulty pattern is an error at its place, since one that matches nothing guards nothing',
  async t => {
    const { issues } = compile({
      immutable_tags: [{ name: 'ok' }, { name: '[', tags: ['v*', '/(/'], except: ['[a'] }],
      protected_tags: [{ name: '/x/', tags: ['a\\'] }],
      manifest_rules: [
        {
          name: '[',
          tags: ['/[/'],
          media_types: ['[]'],
          required_annotations: ['=x', 'a=['],
          required_labels: ['ok', 'b=/(/', ''],
        },
      ],
    })
    t.strictSame(
      issues.map(({ severity, path }) => `${severity} ${path.join('.')}`),
      [
        'error immutable_tags.1.name',
        'error immutable_tags.1.tags.1',
        'error immutable_tags.1.except.0',
        'error protected_tags.0.tags.0',
        'error manifest_rules.0.name',
        'error manifest_rules.0.tags.0',
        'error manifest_rules.0.media_types.0',
        'error manifest_rules.0.required_annotations.0',
        'error manifest_rules.0.required_annotations.1',
        'error manifest_rules.0.required_labels.1',
        'error manifest_rules.0.required_labels.2',
      ],
    )
    t.match(issues[1]?.message, /invalid pattern "\/\(\/": .*missing closing \)/)
    t.match(issues[0]?.message, /malformed glob "\["/)
  },
)

const descriptor = (size: number): ManifestDescriptor => ({
  mediaType: 'x',
  digest: `sha256:${'0'.repeat(64)}`,
  size,
  annotations: new Map(),
})
const facts = (changes: Partial<ManifestFacts>): ManifestFacts => ({
  kind: 'image',
  mediaType: IMAGE,
  config: descriptor(1),
  layers: [],
  manifests: [],
  size: 1,
  annotations: new Map(),
  ...changes,
})

t.test('a push breaks the first rule that asks for something else', async t => {
  const rules: readonly ManifestRuleEntry[] = [
    { name: 'prod/*', media_types: ['application/vnd.oci.*'] },
    { name: 'prod/*', tags: ['v*'], max_size: 1000 },
    { name: 'prod/*', required_annotations: ['owner', 'stage=/^(prod|test)$/'] },
    { name: 'prod/*', required_labels: ['vendor=Acme*'] },
  ]
  const { guards } = compile({ manifest_rules: rules })
  const checks = (tag: string | undefined) => guards.manifests.on('prod/api', tag)
  const annotations = new Map([
    ['owner', 'me'],
    ['stage', 'prod'],
  ])
  t.equal(guards.manifests.on('dev/api', 'v1'), undefined, 'no rule for the name')
  const tagged = checks('v1')
  t.equal(tagged?.ofManifest(facts({ annotations })), undefined)
  t.strictSame(tagged?.ofManifest(facts({ annotations, mediaType: 'application/vnd.docker.x' })), {
    rule: 'manifest_rules[0]',
    reason: 'has the media type application/vnd.docker.x, which is not allowed',
  })
  t.match(tagged?.ofManifest(facts({ annotations, mediaType: '' })), { reason: /media type \(none\)/ })
  t.strictSame(tagged?.ofManifest(facts({ annotations: new Map([['stage', 'prod']]) })), {
    rule: 'manifest_rules[2]',
    reason: 'lacks the annotation owner',
  })
  t.strictSame(tagged?.ofManifest(facts({ annotations: new Map([...annotations, ['stage', 'dev']]) })), {
    rule: 'manifest_rules[2]',
    reason: 'has a value of the annotation stage other than /^(prod|test)$/',
  })
  t.equal(tagged?.ofSize(facts({ size: 1000 })), undefined, 'the limit itself is allowed')
  t.strictSame(tagged?.ofSize(facts({ size: 1001 })), {
    rule: 'manifest_rules[1]',
    reason: 'is 1001 bytes large, more than the 1000 allowed',
  })
  t.match(tagged?.ofSize(facts({ kind: 'other', mediaType: 'a/b', size: 0 })), {
    reason: /a\/b, which cannot be/,
  })
  t.strictSame(tagged?.ofLabels(new Map([['vendor', 'Acme Ltd']])), undefined)
  t.match(tagged?.ofLabels(new Map([['vendor', 'Other']])), {
    rule: 'manifest_rules[3]',
    reason: /other than Acme\*/,
  })
  t.match(tagged?.ofLabels(new Map()), { reason: 'lacks the label vendor' })
  t.match(tagged, { measures: true, readsLabels: true })
  t.match(checks('latest'), { measures: false, readsLabels: true }, 'a rule for other tags is not asked')
})

t.test('limits hold for signatures and for pushes by digest, requirements do not', async t => {
  const { guards } = compile({
    manifest_rules: [
      { name: '*', max_size: 10, media_types: [IMAGE], required_annotations: ['a'], required_labels: ['l'] },
      { name: '*', tags: ['*'], max_size: 5 },
    ],
  })
  const { on } = guards.manifests
  for (const tag of [undefined, SIGNATURE]) {
    const checks = on('x', tag)
    t.equal(checks?.ofManifest(facts({})), undefined, 'no annotation is asked for')
    t.match(checks?.ofManifest(facts({ mediaType: 'a/b' })), { rule: 'manifest_rules[0]' })
    t.match(checks?.ofSize(facts({ size: 11 })), { rule: 'manifest_rules[0]' })
    t.equal(checks?.readsLabels, false)
  }
  t.equal(on('x', undefined)?.ofSize(facts({ size: 7 })), undefined, 'a rule with tags is about tags alone')
  t.match(on('x', SIGNATURE)?.ofSize(facts({ size: 7 })), { rule: 'manifest_rules[1]' })
  t.match(on('x', 'v1')?.ofManifest(facts({})), { reason: 'lacks the annotation a' })
})
