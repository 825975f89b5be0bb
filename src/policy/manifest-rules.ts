import type { ManifestFacts } from '../model/manifest-facts.ts'
import { createMatchers, type Matchers } from './matcher.ts'
import { compilePatterns, type PatternList, patternIssue, patternIssues } from './pattern-list.ts'
import type { PolicyIssue } from './policy-issue.ts'

/** What may be pushed to repositories: `name`, `tags` and `media_types` are patterns, `max_size` bytes. */
export interface ManifestRuleEntry {
  readonly name: string
  readonly tags?: readonly string[] | undefined
  readonly media_types?: readonly string[] | undefined
  readonly max_size?: number | undefined
  /** Each `NAME`, or `NAME=PATTERN` for its value. */
  readonly required_annotations?: readonly string[] | undefined
  readonly required_labels?: readonly string[] | undefined
}

/** Which rule a push breaks, and how: a sentence without subject, `is 12 bytes large, more than the 10 allowed`. */
export interface Violation {
  readonly rule: string
  readonly reason: string
}

/** Names and values of annotations or labels. */
type Texts = ReadonlyMap<string, string>

/** The rules for one push. */
export interface ManifestChecks {
  /** What is wrong with the pushed manifest itself: its media type, its annotations. */
  ofManifest(facts: ManifestFacts): Violation | undefined
  readonly measures: boolean
  /** What is wrong with the size of one image: the pushed one, or each of an index. */
  ofSize(image: ManifestFacts): Violation | undefined
  readonly readsLabels: boolean
  /** What is wrong with the labels of one image, from its configuration. */
  ofLabels(labels: Texts): Violation | undefined
}

/** The rules of a configuration. */
export interface ManifestRules {
  /**
   * The rules for a push to a tag, or by digest without one; `undefined` when there are none. A rule with `tags`
   * says nothing about a push by digest. Annotations and labels are asked of ordinary tags alone: children of an
   * index, signatures and other referrers have none.
   */
  on(name: string, tag: string | undefined): ManifestChecks | undefined
}

/** Compiled rules, and what is wrong with them; when there are issues, the rules must not be used. */
export interface CompiledManifestRules {
  readonly rules: ManifestRules
  readonly issues: readonly PolicyIssue[]
}

interface Requirement {
  readonly name: string
  readonly isValue: PatternList | undefined
  readonly written: string
}

interface Rule {
  readonly rule: string
  readonly isName: PatternList
  readonly isTag: PatternList | undefined
  readonly isMediaType: PatternList | undefined
  readonly maxSize: number
  readonly annotations: readonly Requirement[]
  readonly labels: readonly Requirement[]
}

/** Compiles `manifest_rules`; nothing is required of tags that `isExempt` names. Every rule counts. Never throws. */
export function compileManifestRules(
  entries: readonly ManifestRuleEntry[],
  { isExempt }: { readonly isExempt: (tag: string) => boolean },
): CompiledManifestRules {
  const matchers = createMatchers()
  const rules = entries.map((entry, index) => compileRule(entry, index, matchers))
  return {
    rules: {
      on: (name, tag) => {
        const applying = rules.filter(({ isName, isTag }) => isName(name) && tagMatches(isTag, tag))
        if (applying.length === 0) return undefined
        return checksOf(tag === undefined || isExempt(tag) ? applying.map(withoutRequirements) : applying)
      },
    },
    issues: entries.flatMap((entry, index) => lint(entry, index, matchers)),
  }
}

function tagMatches(isTag: PatternList | undefined, tag: string | undefined): boolean {
  return isTag === undefined || (tag !== undefined && isTag(tag))
}

function withoutRequirements(rule: Rule): Rule {
  return { ...rule, annotations: [], labels: [] }
}

function checksOf(rules: readonly Rule[]): ManifestChecks {
  const first = (reasonOf: (rule: Rule) => string | undefined): Violation | undefined => {
    for (const rule of rules) {
      const reason = reasonOf(rule)
      if (reason !== undefined) return { rule: rule.rule, reason }
    }
    return undefined
  }
  return {
    ofManifest: facts => first(rule => mediaTypeFault(rule, facts) ?? annotationFault(rule, facts)),
    measures: rules.some(({ maxSize }) => maxSize !== Infinity),
    ofSize: image => first(rule => sizeFault(rule, image)),
    readsLabels: rules.some(({ labels }) => labels.length > 0),
    ofLabels: labels => first(rule => requirementFault(rule.labels, labels, 'label')),
  }
}

function mediaTypeFault({ isMediaType }: Rule, { mediaType }: ManifestFacts): string | undefined {
  if (isMediaType === undefined || isMediaType(mediaType)) return undefined
  return `has the media type ${mediaType === '' ? '(none)' : mediaType}, which is not allowed`
}

function annotationFault({ annotations }: Rule, facts: ManifestFacts): string | undefined {
  if (annotations.length > 0 && facts.kind === 'other') return unreadable(facts)
  return requirementFault(annotations, facts.annotations, 'annotation')
}

function sizeFault({ maxSize }: Rule, image: ManifestFacts): string | undefined {
  if (maxSize === Infinity) return undefined
  if (image.kind !== 'image') return unreadable(image)
  return image.size > maxSize ? `is ${image.size} bytes large, more than the ${maxSize} allowed` : undefined
}

function unreadable({ mediaType }: ManifestFacts): string {
  return `has the media type ${mediaType === '' ? '(none)' : mediaType}, which cannot be checked`
}

function requirementFault(
  requirements: readonly Requirement[],
  texts: Texts,
  noun: 'annotation' | 'label',
): string | undefined {
  for (const { name, isValue, written } of requirements) {
    const value = texts.get(name)
    if (value === undefined) return `lacks the ${noun} ${name}`
    if (isValue !== undefined && !isValue(value))
      return `has a value of the ${noun} ${name} other than ${written}`
  }
  return undefined
}

function compileRule(entry: ManifestRuleEntry, index: number, matchers: Matchers): Rule {
  const listOf = (patterns: readonly string[] | undefined) => patterns && compilePatterns(patterns, matchers)
  const requirementsOf = (texts: readonly string[] = []) =>
    texts.map(text => parseRequirement(text, matchers))
  return {
    rule: `manifest_rules[${index}]`,
    isName: compilePatterns([entry.name], matchers),
    isTag: listOf(entry.tags),
    isMediaType: listOf(entry.media_types),
    maxSize: entry.max_size ?? Infinity,
    annotations: requirementsOf(entry.required_annotations),
    labels: requirementsOf(entry.required_labels),
  }
}

function parseRequirement(text: string, matchers: Matchers): Requirement {
  const { name, pattern } = splitRequirement(text)
  const isValue = pattern === undefined ? undefined : compilePatterns([pattern], matchers)
  return { name, isValue, written: pattern ?? '' }
}

function splitRequirement(text: string): { readonly name: string; readonly pattern?: string } {
  const equals = text.indexOf('=')
  return equals === -1 ? { name: text } : { name: text.slice(0, equals), pattern: text.slice(equals + 1) }
}

function lint(entry: ManifestRuleEntry, index: number, matchers: Matchers): readonly PolicyIssue[] {
  const { name, tags = [], media_types: types = [] } = entry
  return [
    ...patternIssue(name, { path: [index, 'name'], matchers }),
    ...patternIssues(tags, { path: [index, 'tags'], matchers }),
    ...patternIssues(types, { path: [index, 'media_types'], matchers }),
    ...(['required_annotations', 'required_labels'] as const).flatMap(key =>
      (entry[key] ?? []).flatMap((text, at) => lintRequirement(text, [index, key, at], matchers)),
    ),
  ]
}

function lintRequirement(
  text: string,
  path: PolicyIssue['path'],
  matchers: Matchers,
): readonly PolicyIssue[] {
  const { name, pattern } = splitRequirement(text)
  if (name === '') return [{ severity: 'error', path, message: 'must be NAME or NAME=PATTERN' }]
  return pattern === undefined ? [] : patternIssue(pattern, { path, matchers })
}
