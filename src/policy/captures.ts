import type { RE2JS } from 're2js'
import type { AclMatch } from './acl-entry.ts'
import { FIELDS, type Field } from './context.ts'
import { compileRegex, regexSource } from './regex.ts'

/** A capture group of the rule's own regular expression for `field`, counted from 1. */
export interface Capture {
  readonly field: Field
  readonly group: number
  readonly regex: RE2JS
}

/** References of a rule as they are spelled, `${account:1}`, each with its group. */
export type Captures = ReadonlyMap<string, Capture>

/**
 * docker_auth's finder. It starts at the first `${`, so that a variable before a reference in the same
 * pattern hides the reference; what then stays literal denies, and a replacement would grant.
 */
const REFERENCE = /\$\{([^\n]+?):(\d+)\}/g

/**
 * The references that are replaced, in any pattern of the rule. They are looked for in the patterns of
 * the four fields and in `others` only; a group that cannot exist leaves its reference as literal text.
 */
export function findCaptures(match: AclMatch, others: readonly string[] = []): Captures {
  const captures = new Map<string, Capture>()
  const patterns = [...FIELDS.map(field => match[field] ?? ''), ...others]
  for (const { reference, key, group } of patterns.flatMap(referencesIn)) {
    const field = fieldNamed(key)
    const capture = field && captureOf(field, group, match[field])
    if (capture !== undefined) captures.set(reference, capture)
  }
  return captures
}

/** Text of the group for `text`, `''` when it took no part; `undefined` when the expression does not match. */
export function captureText({ regex, group }: Capture, text: string): string | undefined {
  const groups: readonly (string | undefined)[] | null = regex.exec(text)
  return groups === null ? undefined : (groups[group] ?? '')
}

/** The field that a reference names; its first letter may be a capital. */
export function fieldNamed(key: string): Field | undefined {
  return FIELDS.find(field => key.slice(1) === field.slice(1) && key.slice(0, 1).toLowerCase() === field[0])
}

interface Reference {
  readonly reference: string
  readonly key: string
  readonly group: number
}

function referencesIn(pattern: string): readonly Reference[] {
  if (!pattern.includes('${')) return []
  return Array.from(pattern.matchAll(REFERENCE), ([reference, key = '', digits]) => ({
    reference,
    key,
    group: Number(digits),
  }))
}

function captureOf(field: Field, group: number, pattern = ''): Capture | undefined {
  const source = regexSource(pattern)
  const result = source === undefined ? undefined : compileRegex(source)
  if (result === undefined || 'fault' in result) return undefined
  const exists = group >= 1 && group <= result.regex.groupCount()
  return exists ? { field, group, regex: result.regex } : undefined
}
