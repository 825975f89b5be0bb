/** Members of a JSON object; nothing is known of their values. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The JSON object that `bytes` are the strict UTF-8 text of; `undefined` for anything else. Never throws. */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    return parseJsonText(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined // no text: there is no object to read
  }
}

/** The JSON object that `text` is; `undefined` for anything else. Never throws. */
export function parseJsonText(text: string): JsonObject | undefined {
  try {
    return asJsonObject(JSON.parse(text))
  } catch {
    return undefined // no JSON: there is no object to read
  }
}

/** `value` when it is an object and no array. */
export function asJsonObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined
}

/** The objects of an array; none when `value` is no array. */
export function jsonObjects(value: unknown): readonly JsonObject[] {
  if (!Array.isArray(value)) return []
  return value.map(asJsonObject).filter(object => object !== undefined)
}
