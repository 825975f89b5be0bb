import { LRUCache } from 'lru-cache'
import { atMost } from '../model/at-most.ts'
import { compileGlob } from './glob.ts'
import type { MatchedText } from './matched-text.ts'
import { compileRegex, regexSource } from './regex.ts'
import { regexLiterals } from './regex-literals.ts'

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
  /** As `substituted`, for a glob that stays one between slashes too. */
  readonly substitutedGlob: (pattern: string) => Matcher
}

// Enough for the patterns of some hundred active subjects, and for several of each rule; longer ones are too rare to keep.
const MIN_CACHED = 2_000
const MAX_CACHED = 10_000
const CACHED_PER_RULE = 4
const CACHED_PATTERN_LENGTH = 512

const matchesNothing: Matcher = () => false

/** An empty store for so many rules: compiling a pattern costs far more than running it. */
export function createMatchers(ruleCount = 0): Matchers {
  const max = Math.min(MAX_CACHED, MIN_CACHED + CACHED_PER_RULE * ruleCount)
  const written = new Map<string, CompiledMatcher>()
  return {
    written: pattern => {
      const compiled = written.get(pattern) ?? compileMatcher(pattern)
      written.set(pattern, compiled)
      return compiled
    },
    substituted: cached(max, pattern => compileMatcher(pattern).matches),
    substitutedGlob: cached(max, pattern => compileGlobMatcher(pattern).matches),
  }
}

function cached(max: number, compile: (pattern: string) => Matcher): (pattern: string) => Matcher {
  const matchers = new LRUCache<string, Matcher>(atMost(max))
  return pattern => {
    const known = matchers.get(pattern)
    if (known !== undefined) return known
    const matcher = compile(pattern)
    if (pattern.length <= CACHED_PATTERN_LENGTH) matchers.set(pattern, matcher)
    return matcher
  }
}

/** Compiles a pattern after substitution: `/…/` longer than two characters is a regular expression, else a glob. */
function compileMatcher(pattern: string): CompiledMatcher {
  const source = regexSource(pattern)
  if (source === undefined) return compileGlobMatcher(pattern)
  const result = compileRegex(source)
  if ('fault' in result) return { kind: 'bad-regex', matches: matchesNothing, fault: result.fault }
  const { regex } = result
  // Most texts lack the literal, which is found missing faster than the expression can be run.
  const { prefix, needed } = regexLiterals(source)
  const mayMatch = (text: string) => text.startsWith(prefix) && text.includes(needed)
  return { kind: 'sound', matches: ({ text }) => mayMatch(text) && regex.test(text) }
}

function compileGlobMatcher(pattern: string): CompiledMatcher {
  const glob = compileGlob(pattern)
  if (glob === undefined) return { kind: 'bad-glob', matches: matchesNothing }
  return { kind: 'sound', matches: ({ bytes }) => glob(bytes) }
}
