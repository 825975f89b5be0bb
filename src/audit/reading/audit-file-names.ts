import { basename, extname } from 'node:path'

/** What a name says of a file of the log. */
export interface AuditFileName {
  /** The name of the plain file, also of a compressed one. */
  readonly plain: string
  readonly compression: 'none' | 'gz' | 'unknown'
}

/** Numbers and times as rotations write them: `1`, `20261124`, `20261124-1764000000`, `2026-11-24T16-06-00.123`. */
const ROTATION = '\\d[\\dTZ._:-]*'
const COMPRESSED = '(?:\\.(?<suffix>gz|bz2|xz|zst|lz4|Z))?'

/**
 * Tells whether a name in the directory of the log is one of its files: the active one, one that we rotated
 * (`audit-TIME.jsonl`), or one of logrotate (`audit.jsonl.1`, `audit.jsonl-20261124`, `audit-20261124.jsonl`), each also
 * compressed. What is still being compressed (`.part`) is none.
 */
export function createAuditFileNames(active: string): (name: string) => AuditFileName | undefined {
  const base = basename(active)
  const extension = extname(base)
  const stem = base.slice(0, base.length - extension.length)
  const pattern = new RegExp(
    `^(?<plain>${quoted(base)}(?:[.-]${ROTATION})?|${quoted(stem)}-${ROTATION}${quoted(extension)})${COMPRESSED}$`,
  )
  return name => {
    const { plain, suffix } = pattern.exec(name)?.groups ?? {}
    if (plain === undefined) return undefined
    if (suffix === undefined) return { plain, compression: 'none' }
    return { plain, compression: suffix === 'gz' ? 'gz' : 'unknown' }
  }
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
