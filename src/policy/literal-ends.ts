import { regexSource } from './regex.ts'
import { type LiteralEnds, regexLiterals } from './regex-literals.ts'

/** The ends of a pattern that has no placeholders left; `isGlob` when slashes do not make an expression of it. */
export function literalEnds(pattern: string, isGlob: boolean): LiteralEnds {
  const expression = isGlob ? undefined : regexSource(pattern)
  return expression === undefined
    ? { prefix: beforeWildcard(pattern), suffix: afterWildcard(pattern), needed: betweenWildcards(pattern) }
    : regexLiterals(expression)
}

/** The literal beginning of a glob. */
export function beforeWildcard(glob: string): string {
  return /^[^*?[\\]*/.exec(glob)?.[0] ?? ''
}

/** The literal end of a glob; an escaped letter stands for itself. */
export function afterWildcard(glob: string): string {
  return /[^*?[\]\\]*$/.exec(glob)?.[0] ?? ''
}

/** The longest literal of a glob; of one with classes or escapes none is looked for. */
function betweenWildcards(glob: string): string {
  if (/[[\\]/.test(glob)) return ''
  return glob.split(/[*?]+/).reduce((longest, text) => (text.length > longest.length ? text : longest))
}
