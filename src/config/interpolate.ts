/** The environment as a parameter; tests pass an object. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface Interpolated {
  readonly text: string
  /** Whether the text named a variable, so that an empty result means "not set". */
  readonly hasVariable: boolean
  readonly fault?: { readonly message: string; readonly hint: string }
}

const MARK = /\$\$|\$\{[^}]*\}?/g
const VARIABLE = /^\$\{([A-Z_][A-Z0-9_]*)(?::-(.*))?\}$/s

type Substitute = { readonly text: string } | NonNullable<Interpolated['fault']>

/**
 * Text with `${NAME}`, `${NAME:-default}` and `$$` replaced. The default also stands in for an empty value,
 * as in a shell. A variable that is not set and has no default, or is misspelt, gives a fault.
 */
export function interpolate(text: string, env: Environment): Interpolated {
  const marks = text.match(MARK) ?? []
  const hasVariable = marks.some(mark => mark !== '$$')
  const fault = marks.map(mark => substitute(mark, env)).find(found => 'message' in found)
  if (fault !== undefined) return { text, hasVariable, fault }
  const replaced = text.replaceAll(MARK, mark => {
    const found = substitute(mark, env)
    return 'text' in found ? found.text : mark
  })
  return { text: replaced, hasVariable }
}

function substitute(mark: string, env: Environment): Substitute {
  if (mark === '$$') return { text: '$' }
  const [, name, fallback] = VARIABLE.exec(mark) ?? []
  if (name === undefined) {
    return {
      message: `"${mark.replace(/:-.*$/s, ':-…}')}" does not name an environment variable`,
      hint: `write \${NAME} in capital letters, or $$ for a dollar sign`,
    }
  }
  const value = env[name]
  if (fallback !== undefined) return { text: value || fallback }
  if (value !== undefined) return { text: value }
  return {
    message: `the environment variable ${name} is not set`,
    hint: `set it, or give a default: $\{${name}:-default}`,
  }
}
