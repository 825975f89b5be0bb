import type { Labels } from '../model/subject.ts'

/** JSON as Go writes it: markup and line separators escaped. Keys stay in their order. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** docker_auth's labels as Go writes them: sorted by name, and `null` when there are none. */
export function goLabels(labels: Labels): Labels | null {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.length === 0 ? null : Object.fromEntries(entries)
}
