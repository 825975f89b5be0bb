import type { Labels } from './subject.ts'

/** As JSON, in bytes: a token carries them in a header, of which proxies take 8 KiB. */
const MAX_LABELS_BYTES = 4 * 1024

/**
 * Labels that came from outside: a mapping of names to lists of texts, where `null` is empty as in Go.
 * `undefined` for anything else, and for more than 4 KiB, since dropping some could turn a denial into a grant.
 */
export function parseLabels(value: unknown): Labels | undefined {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  const entries = Object.entries(value).map(([key, list]): [string, unknown] => [key, list ?? []])
  if (!entries.every(isLabel)) return undefined
  const labels = Object.fromEntries(entries)
  const size = new TextEncoder().encode(JSON.stringify(labels)).byteLength
  return size > MAX_LABELS_BYTES ? undefined : labels
}

function isLabel(entry: readonly [string, unknown]): entry is [string, readonly string[]] {
  const [, list] = entry
  return Array.isArray(list) && list.every(item => typeof item === 'string')
}
