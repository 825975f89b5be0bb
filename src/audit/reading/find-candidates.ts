import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type AuditFileName, createAuditFileNames } from './audit-file-names.ts'

/** A file that has the name of one of the log. */
export interface Candidate extends AuditFileName {
  readonly path: string
}

/**
 * What has the name of a file of the log whose active file is `active`. Of a file that is there plain and compressed the
 * compressed one is taken, which is the one that stays. @throws the error of the file system.
 */
export async function findCandidates(active: string): Promise<readonly Candidate[]> {
  const parse = createAuditFileNames(active)
  const found = new Map<string, Candidate>()
  // Sorted, `NAME.gz` comes after `NAME` and takes its place.
  for (const name of (await readdir(dirname(active))).sort()) {
    const parsed = parse(name)
    if (parsed === undefined || (parsed.compression === 'unknown' && found.has(parsed.plain))) continue
    const path = name === basename(active) ? active : join(dirname(active), name)
    found.set(parsed.plain, { path, ...parsed })
  }
  return [...found.values()]
}
