/** Texts that every match of a pattern begins with, ends with, and holds; `''` when there is none to be sure of. */
export interface LiteralEnds {
  readonly prefix: string
  readonly suffix: string
  readonly needed: string
}

const NONE: LiteralEnds = { prefix: '', suffix: '', needed: '' }

// One token of an expression: an escape, a class, the start of a group, a counted repetition, or one character.
const TOKEN = /\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\(\?(?::|P?<\w+>)?|\{\d+(?:,\d*)?\}|./gs

/**
 * Literals of the RE2 expression `source`, found by its outermost level alone. Wherever reading it would take more
 * than that (alternatives, flags, quoted runs, numeric escapes), it gives none.
 */
export function regexLiterals(source: string): LiteralEnds {
  if (!/^[\x20-\x7e]*$/.test(source)) return NONE
  const runs = ['']
  let depth = 0
  let last = ''
  for (const [token] of source.matchAll(TOKEN)) {
    const kind = kindOf(token)
    if (kind === 'unclear' || (kind === 'alternative' && depth === 0)) return NONE
    if (depth === 0) extend(runs, kind, token)
    if (kind === 'open') depth += 1
    if (kind === 'close') depth -= 1
    last = token
  }
  const [, afterAnchor = ''] = source.startsWith('^') ? runs : []
  const suffix = last === '$' ? (runs.at(-2) ?? '') : ''
  return { prefix: afterAnchor, suffix, needed: runs.reduce((a, b) => (b.length > a.length ? b : a)) }
}

/** Goes on with the last run, or ends it. */
function extend(runs: string[], kind: Kind, token: string): void {
  const run = runs.pop() ?? ''
  if (kind === 'literal') runs.push(run + token.slice(-1))
  else runs.push(kind === 'optional' ? run.slice(0, -1) : run, '')
}

type Kind = 'literal' | 'optional' | 'open' | 'close' | 'alternative' | 'other' | 'unclear'

/** `optional` takes the character before it back; `other` may match anything, so a run ends there. */
function kindOf(token: string): Kind {
  if (token.length === 1) return kindOfCharacter(token)
  switch (token[0]) {
    case '\\':
      if (/[dDwWsSbBAz]/.test(token)) return 'other'
      return /[A-Za-z0-9]/.test(token) ? 'unclear' : 'literal'
    case '(':
      return token === '(?' ? 'unclear' : 'open'
    case '{':
      return 'optional'
    default:
      return 'other'
  }
}

function kindOfCharacter(character: string): Kind {
  switch (character) {
    case '|':
      return 'alternative'
    case ')':
      return 'close'
    case '(':
      return 'open'
    case '*':
    case '?':
      return 'optional'
    case '+':
    case '.':
    case '^':
    case '$':
      return 'other'
    case '[':
    case '\\':
      return 'unclear'
    default:
      return 'literal'
  }
}
