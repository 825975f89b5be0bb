import { LRUCache } from 'lru-cache'
import { compileGlob } from './glob.ts'
import type { MatchedText } from './matched-text.ts'
import { compileRegex, regexSource } from './regex.ts'

/** Tells whether a text matches one pattern that has no variables left. */
export type Matcher = (text: MatchedText) => boolean

/** A matcher; the faulty ones match nothing. `fault` says what is wrong, for regular expressions in RE2's words. */
type CompiledMatcher =
  | { readonly kind: 'sound'; readonly matches: Matcher }
  | { readonly kind: 'bad-glob'; readonly matches: Matcher }
  | { readonly kind: 'bad-regex'; readonly matches: Matcher; readonly fault: string }

/** Compiled patterns of one policy; the same pattern is compiled once. */
export interface Matchers {
  /** For a pattern as the file has it; kept as long as the policy. */
  readonly written: (pattern: string) => CompiledMatcher
  /** For a pattern after substitution; kept in a bounded cache, since requests choose these. */
  readonly substituted: (pattern: string) => Matcher
}

// Enough for the patterns of some hundred active subjects; longer patterns are too rare to keep.
const CACHED_PATTERNS = 2_000
const CACHED_PATTERN_LENGTH = 512

const matchesNothing: Matcher = () => false

/** Compiles a pattern after substitution: `/…/` longer than two characters is a regular expression, else a glob. */
function compileMatcher(pattern: string): CompiledMatcher {
  const source = regexSource(pattern)
  if (source === undefined) {
    const glob = compileGlob(pattern)
    if (glob === undefined) return { kind: 'bad-glob', matches: matchesNothing }
    return { kind: 'sound', matches: ({ bytes }) => glob(bytes) }
  }
  const result = compileRegex(source)
  if ('fault' in result) return { kind: 'bad-regex', matches: matchesNothing, fault: result.fault }
  const { regex } = result
  return { kind: 'sound', matches: ({ text }) => regex.test(text) }
}

/** An empty store: compiling a pattern costs far more than running it. */
export function createMatchers(): Matchers {
  const written = new Map<string, CompiledMatcher>()
  const substituted = new LRUCache<string, Matcher>({ max: CACHED_PATTERNS })
  return {
    written: pattern => {
      const compiled = written.get(pattern) ?? compileMatcher(pattern)
      written.set(pattern, compiled)
      return compiled
    },
    substituted: pattern => {
      const matcher = substituted.get(pattern) ?? compileMatcher(pattern).matches
      if (pattern.length <= CACHED_PATTERN_LENGTH) substituted.set(pattern, matcher)
      return matcher
    },
  }
}
