import { basename, join, parse } from 'node:path'

/** `DIR/audit-2026-11-24T16-06-00.123.jsonl` for `DIR/audit.jsonl` rotated at `at`, ms since the epoch. */
export function rotatedName(file: string, at: number): string {
  const { dir, name, ext } = parse(file)
  const time = new Date(at).toISOString().slice(0, -1).replaceAll(':', '-')
  return join(dir, `${name}-${time}${ext}`)
}

/** Tells the rotated files of `file` that have a name of ours, and no `.gz`. */
export function isRotatedName(file: string, path: string): boolean {
  const { name, ext } = parse(file)
  const other = basename(path)
  if (!other.startsWith(`${name}-`) || !other.endsWith(ext)) return false
  return TIME.test(other.slice(name.length + 1, other.length - ext.length))
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}$/
