/** Words of the language itself. */
const WORDS = new Set(['true', 'false', 'in', 'eval'])
/** A text, or a name that is no member of something. */
const TEXT_OR_NAME = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?<![\w.])[A-Za-z_]\w*/g

/**
 * Names in a Casbin matcher that mean nothing, each once. The package's evaluator takes them for `undefined`, so that
 * a misspelt name behind a `!` would allow everything.
 */
export function unknownNames(matcher: string, known: ReadonlySet<string>): readonly string[] {
  const names = (matcher.match(TEXT_OR_NAME) ?? []).filter(token => /^\w/.test(token))
  return [...new Set(names)].filter(name => !known.has(name) && !WORDS.has(name))
}
