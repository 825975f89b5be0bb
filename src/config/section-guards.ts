import { z } from 'zod'
import { always, type Parsed, parsedText } from './schema-kit.ts'

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

const patterns = z.array(z.string().min(1, 'must not be empty')).min(1, 'must name at least one')
const names = z.array(z.string().min(1, 'must not be empty')).min(1, 'must name at least one')
const name = z.string().min(1, 'must not be empty').describe('Repositories: a glob, or `/regex/`.')

const NameTagSchema = z.strictObject({
  name,
  tags: patterns.optional().describe('Tags, each a glob or `/regex/`. Default: all.'),
  except: patterns.optional().describe('Tags that are left out.'),
})

/** Tags that stay on their first digest. */
export const ImmutableTagsSchema = z
  .array(NameTagSchema)
  .default([])
  .describe(
    'Tags that cannot be moved to another digest or deleted; never those of signatures and referrers.',
  )

/** Tags that must not be deleted. */
export const ProtectedTagsSchema = z
  .array(NameTagSchema)
  .default([])
  .describe('Tags that may be moved, but neither deleted nor removed with their digest.')

const ManifestRuleSchema = z
  .strictObject({
    name,
    tags: patterns
      .optional()
      .describe('Tags that the rule is for. Default: all, and what is pushed by digest without one.'),
    media_types: patterns.optional().describe('Media types that a manifest may have.'),
    max_size: parsedText(parseSize)
      .optional()
      .describe('Largest image, configuration and layers together: `500MB`, `2GiB`.'),
    required_annotations: names
      .optional()
      .describe('Annotations that a tagged manifest needs: `NAME`, or `NAME=PATTERN` for its value.'),
    required_labels: names
      .optional()
      .describe('Labels that a tagged image needs: `NAME`, or `NAME=PATTERN` for its value.'),
  })
  .refine(
    ({ name: _name, tags: _tags, ...demands }) => Object.values(demands).some(value => value !== undefined),
    {
      error: 'demands nothing; it needs media_types, max_size, required_annotations or required_labels',
      ...always,
    },
  )

/** What may be pushed. */
export const ManifestRulesSchema = z
  .array(ManifestRuleSchema)
  .default([])
  .describe('Demands on pushed manifests; every rule that names the repository counts.')

function parseSize(text: string): Parsed<number> {
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text) ?? []
  const bytes = Object.hasOwn(UNIT_BYTES, unit) ? Math.floor(Number(count) * (UNIT_BYTES[unit] ?? 0)) : 0
  if (count !== '' && bytes > 0 && Number.isSafeInteger(bytes)) return { value: bytes }
  return {
    fault: 'must be a size such as 500MB or 2GiB',
    hint: 'the units are kB, MB, GB, TB, KiB, MiB, GiB, TiB',
  }
}
