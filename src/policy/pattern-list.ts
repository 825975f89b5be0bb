import { matchedText } from './matched-text.ts'
import type { Matchers } from './matcher.ts'
import type { PolicyIssue } from './policy-issue.ts'

/** Tells whether a text matches one of several patterns without variables. */
export type PatternList = (text: string) => boolean

/** The patterns of a list: globs as Go's `path.Match`, `/…/` an unanchored RE2 expression. Faulty ones match nothing. */
export function compilePatterns(patterns: readonly string[], matchers: Matchers): PatternList {
  const compiled = patterns.map(pattern => matchers.written(pattern).matches)
  return text => {
    const matched = matchedText(text)
    return compiled.some(matches => matches(matched))
  }
}

/**
 * An error for each faulty pattern. A malformed glob too: in a rule that guards something a pattern that matches
 * nothing leaves it open.
 */
export function patternIssues(
  patterns: readonly string[],
  { path, matchers }: { readonly path: PolicyIssue['path']; readonly matchers: Matchers },
): readonly PolicyIssue[] {
  return patterns.flatMap((pattern, index) => patternIssue(pattern, { path: [...path, index], matchers }))
}

/** As `patternIssues`, for a key that holds a single pattern at `path`. */
export function patternIssue(
  pattern: string,
  { path, matchers }: { readonly path: PolicyIssue['path']; readonly matchers: Matchers },
): readonly PolicyIssue[] {
  const compiled = matchers.written(pattern)
  switch (compiled.kind) {
    case 'sound':
      return []
    case 'bad-glob': {
      const hint = 'write a literal [ or \\ as \\[ or \\\\'
      return [{ severity: 'error', path, message: `malformed glob ${JSON.stringify(pattern)}`, hint }]
    }
    case 'bad-regex':
      return [
        { severity: 'error', path, message: `invalid pattern ${JSON.stringify(pattern)}: ${compiled.fault}` },
      ]
  }
}
