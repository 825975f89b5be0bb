import type { JsonObject } from './json-object.ts'

/** The member `name`; `undefined` when there is none or it is null, as Go reads it. */
export function goMember(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined
}

/**
 * A member that Go would take for one of `names`, but which is not spelt like it: Go's decoder ignores case, by
 * Unicode's simple folding, and takes the last. `undefined` when there is none.
 * Spec: https://pkg.go.dev/encoding/json#Unmarshal.
 */
export function misspeltMember(object: JsonObject, names: readonly string[]): string | undefined {
  const exact = new Set(names)
  const folded = new Set(names.map(fold))
  return Object.keys(object).find(key => !exact.has(key) && folded.has(fold(key)))
}

/** Upper case first, so that the long s and the Kelvin sign become letters. */
function fold(text: string): string {
  return text.toUpperCase().toLowerCase()
}
