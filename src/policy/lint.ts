import type { AclEntry } from './acl-entry.ts'
import { lintBreadth } from './lint-breadth.ts'
import { lintCompat } from './lint-compat.ts'
import { lintHabits } from './lint-habits.ts'
import { lintKeys, lintNames } from './lint-keys.ts'
import { lintPatterns } from './lint-patterns.ts'
import { lintReach } from './lint-reach.ts'
import { lintWords } from './lint-words.ts'
import type { Matchers } from './matcher.ts'
import type { PolicyIssue } from './policy-issue.ts'
import type { NewWord } from './words.ts'
import { type WrittenPattern, writtenPatterns } from './written-pattern.ts'

/** How the rules are compiled. */
export interface LintSettings {
  readonly matchers: Matchers
  readonly used: ReadonlySet<NewWord>
  readonly compat: 'docker_auth_1' | undefined
}

/** Everything to be said about the rules, in their order. What only a sound list can be told comes without errors. */
export function lintEntries(entries: readonly AclEntry[], settings: LintSettings): readonly PolicyIssue[] {
  const { matchers, used, compat } = settings
  const ofEach = entries.flatMap((entry, index) => {
    const patterns = writtenPatterns(entry, index)
    return [
      ...lintKeys(entry, index),
      ...patterns.flatMap(pattern => lintPatterns(pattern, entry, matchers)),
      ...patterns.filter(isSound(matchers)).flatMap(pattern => lintHabits(pattern, entry.match.type)),
      ...(compat === undefined ? [] : lintCompat(patterns)),
    ]
  })
  const issues = [...ofEach, ...lintNames(entries)]
  if (issues.some(({ severity }) => severity === 'error')) return issues
  return [
    ...issues,
    ...lintReach(entries, matchers),
    ...lintBreadth(entries, matchers),
    ...lintWords(entries, used),
  ]
}

function isSound(matchers: Matchers): (pattern: WrittenPattern) => boolean {
  return ({ source }) => matchers.written(source).kind === 'sound'
}
