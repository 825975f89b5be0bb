/** The JSON in a text; `undefined` when it is none, for a schema to complain about. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
