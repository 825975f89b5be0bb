import { createMatchers, type Matchers } from './matcher.ts'
import { compilePatterns, type PatternList, patternIssue, patternIssues } from './pattern-list.ts'
import type { PolicyIssue } from './policy-issue.ts'

/** Tags of repositories: `name` and each of the lists are patterns; without `tags` all of them. */
export interface NameTagEntry {
  readonly name: string
  readonly tags?: readonly string[] | undefined
  readonly except?: readonly string[] | undefined
}

/** Which rule of a list holds for a tag, if any. */
export interface NameTagRules {
  /** `rule` is `SECTION[N]`, the first that names the tag. */
  ruleFor(name: string, tag: string): { readonly rule: string } | undefined
  /** Whether some tag of the repository may be under a rule. */
  concerns(name: string): boolean
}

/** Compiled rules, and what is wrong with them; when there are issues, the rules must not be used. */
export interface CompiledNameTagRules {
  readonly rules: NameTagRules
  readonly issues: readonly PolicyIssue[]
}

interface Rule {
  readonly rule: string
  readonly isName: PatternList
  readonly isTag: PatternList
  readonly isException: PatternList
}

/**
 * Compiles the list `section` of the configuration, as `immutable_tags`. Tags that `isExempt` names, as those of
 * referrers, are under no rule. Never throws.
 */
export function compileNameTagRules(
  section: string,
  entries: readonly NameTagEntry[],
  { isExempt }: { readonly isExempt: (tag: string) => boolean },
): CompiledNameTagRules {
  const matchers = createMatchers()
  const rules = entries.map((entry, index) => compileRule(`${section}[${index}]`, entry, matchers))
  return {
    rules: {
      ruleFor: (name, tag) => {
        if (isExempt(tag)) return undefined
        const found = rules.find(
          ({ isName, isTag, isException }) => isName(name) && isTag(tag) && !isException(tag),
        )
        return found && { rule: found.rule }
      },
      concerns: name => rules.some(({ isName }) => isName(name)),
    },
    issues: entries.flatMap((entry, index) => lint(entry, index, matchers)),
  }
}

function compileRule(
  rule: string,
  { name, tags = ['*'], except = [] }: NameTagEntry,
  matchers: Matchers,
): Rule {
  return {
    rule,
    isName: compilePatterns([name], matchers),
    isTag: compilePatterns(tags, matchers),
    isException: compilePatterns(except, matchers),
  }
}

function lint({ name, tags = [], except = [] }: NameTagEntry, index: number, matchers: Matchers) {
  return [
    ...patternIssue(name, { path: [index, 'name'], matchers }),
    ...patternIssues(tags, { path: [index, 'tags'], matchers }),
    ...patternIssues(except, { path: [index, 'except'], matchers }),
  ]
}
