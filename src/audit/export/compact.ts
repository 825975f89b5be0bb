/** The object without members that are undefined, or objects or lists with nothing in them. */
export function compact(object: object): Readonly<Record<string, unknown>> {
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(object)) {
    const inner: unknown = isObject(value) ? compact(value) : value
    if (!isNothing(inner)) kept[name] = inner
  }
  return kept
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNothing(value: unknown): boolean {
  if (value === undefined) return true
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0
}
