import { basename, dirname, join } from 'node:path'

/** `DIR/audit-2026-11-24T16-06-00.123.jsonl` for `DIR/audit.jsonl` rotated at `at`, ms since the epoch. */
export function rotatedName(file: string, at: number): string {
  const name = basename(file)
  const dot = name.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  const time = new Date(at).toISOString().slice(0, -1).replaceAll(':', '-')
  return join(dirname(file), `${stem}-${time}${extension}`)
}

/** Tells the rotated files of `file` that have a name of ours, and no `.gz`. */
export function isRotatedName(file: string, path: string): boolean {
  const name = basename(file)
  const dot = name.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  const other = basename(path)
  if (!other.startsWith(`${stem}-`) || !other.endsWith(extension)) return false
  return TIME.test(other.slice(stem.length + 1, other.length - extension.length))
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}$/
