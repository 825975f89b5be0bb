import { compileRegex, type RegexResult } from '../policy/regex.ts'

/** How Casbin's functions write a variable of a path. */
export type PathVariable = 'colon' | 'braces' | 'named-braces'

const VARIABLES = { colon: /:[^/]+/g, braces: /\{[^/]+?\}/g, 'named-braces': /\{([^/]+)\}/g } as const

/** A path with variables; each stands for one non-empty segment or part of one, and `/*` for all below. */
export interface PathPattern {
  /** As written, with their marks. */
  readonly variables: readonly string[]
  /** What the variables stand for in `path`, in their order; `undefined` when it does not match. */
  values(path: string): readonly string[] | undefined
}

/**
 * A pattern of Casbin's `keyMatch2` to `keyMatch5`; anything else in it is an RE2 expression.
 * @throws Error when it is not one.
 * Spec: casbin v2, util/builtin_operators.go.
 */
export function compilePathPattern(pattern: string, kind: PathVariable): PathPattern {
  const wild = pattern.replaceAll('/*', '/.*')
  const source = wild.replace(VARIABLES[kind], '([^/]+)')
  const regex = requireRegex(compileRegex(`^${source}$`), pattern)
  return {
    variables: wild.match(VARIABLES[kind]) ?? [],
    values(path) {
      const matcher = regex.matcher(path)
      if (!matcher.find()) return undefined
      return Array.from({ length: matcher.groupCount() }, (_, index) => matcher.group(index + 1) ?? '')
    },
  }
}

/** The expression. @throws Error naming the pattern that is none. */
export function requireRegex(result: RegexResult, pattern: string) {
  if ('regex' in result) return result.regex
  throw new Error(`invalid pattern ${JSON.stringify(pattern)}: ${result.fault}`)
}
