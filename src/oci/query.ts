import { OciError } from '../model/errors.ts'

/**
 * Decoded values of the parameters in `names`; all others are dropped, and an empty value is none.
 * Decodes as a form does (`+` is a space), which is how the registry would read it.
 * @throws OciError 400 on malformed percent-encoding anywhere, on a repeated parameter (two readers may
 *   differ in which one they take) and on a value that is not printable ASCII.
 */
export function parseQuery(text: string, names: readonly string[]): ReadonlyMap<string, string> {
  if (text === '') return NO_VALUES
  const values = new Map<string, string>()
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    const value = decode(equals === -1 ? '' : pair.slice(equals + 1))
    if (!names.includes(name)) continue
    if (values.has(name)) throw malformed(`the query has more than one value for ${name}`)
    if (!/^[ -~]*$/.test(value)) throw malformed(`the query value of ${name} is not printable ASCII`)
    values.set(name, value)
  }
  return new Map([...values].filter(([, value]) => value !== ''))
}

const NO_VALUES: ReadonlyMap<string, string> = new Map()

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    // Only a URIError is possible here, and it says no more than this.
    throw malformed('the query has malformed percent-encoding')
  }
}

// No code of the registry's list says "bad query"; this one makes no client retry.
function malformed(message: string): OciError {
  return new OciError('UNSUPPORTED', message, { status: 400 })
}
