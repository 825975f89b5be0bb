import type { z } from 'zod'
import { isReferrerTag } from '../oci/referrer-tag.ts'
import { compileGuards, type Guards } from '../policy/guards.ts'
import type { Fault } from './fault.ts'
import { ImmutableTagsSchema, ManifestRulesSchema, ProtectedTagsSchema } from './section-guards.ts'
import type { Tree } from './tree.ts'

const SECTIONS = {
  immutable_tags: ImmutableTagsSchema,
  protected_tags: ProtectedTagsSchema,
  manifest_rules: ManifestRulesSchema,
} as const

/**
 * The guards of a configuration, and every fault in their patterns; with a fault they must not be used. A section
 * that the schema refuses counts as empty: the schema has said what is wrong.
 */
export function checkGuards(tree: Tree): { readonly guards: Guards; readonly faults: readonly Fault[] } {
  const { guards, issues } = compileGuards(
    {
      immutable_tags: entriesOf(tree, 'immutable_tags'),
      protected_tags: entriesOf(tree, 'protected_tags'),
      manifest_rules: entriesOf(tree, 'manifest_rules'),
    },
    { isExempt: isReferrerTag },
  )
  return { guards, faults: issues }
}

function entriesOf<Section extends keyof typeof SECTIONS>(
  tree: Tree,
  section: Section,
): z.output<(typeof SECTIONS)[Section]> {
  const parsed = SECTIONS[section].safeParse(tree[section])
  return (parsed.success ? parsed.data : []) as z.output<(typeof SECTIONS)[Section]>
}
