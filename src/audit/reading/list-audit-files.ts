import { type Candidate, findCandidates } from './find-candidates.ts'
import { readFirstRecord } from './read-first-record.ts'

/** One file of the log. */
export interface AuditFile {
  readonly path: string
  readonly isCompressed: boolean
  /** Of its first record; `undefined` while the active file has none yet. */
  readonly firstSeq: number | undefined
  /** RFC 3339. */
  readonly firstTime: string | undefined
}

/** A file that has the name of one, and why it is none. */
export interface SkippedFile {
  readonly path: string
  readonly reason: string
}

export interface AuditListing {
  readonly files: readonly AuditFile[]
  readonly skipped: readonly SkippedFile[]
}

/**
 * Every file of the log whose active file is `active`, oldest first: by the `seq` of their first record, the active one
 * last. Reads only the beginning of each. Of a file that is there plain and compressed the compressed one is taken, which
 * is the one that stays. A compressed `active` stands for itself alone.
 * @throws the error of the file system when the directory cannot be read.
 */
export async function listAuditFiles(active: string): Promise<AuditListing> {
  const files: AuditFile[] = []
  const skipped: SkippedFile[] = []
  for (const candidate of await findCandidates(active)) {
    const found = await describe(candidate, candidate.path === active)
    if ('reason' in found) skipped.push(found)
    else files.push(found)
  }
  return { files: files.sort((a, b) => compare(a, b, active)), skipped }
}

async function describe(
  { path, compression }: Candidate,
  isActive: boolean,
): Promise<AuditFile | SkippedFile> {
  if (compression === 'unknown') return { path, reason: 'is compressed in another way than gzip' }
  const isCompressed = compression === 'gz'
  const first = await readFirstRecord({ path, isCompressed })
  if (first.outcome === 'record') {
    const { seq, time } = first.record
    return { path, isCompressed, firstSeq: seq, firstTime: time }
  }
  if (first.outcome === 'empty' && isActive) {
    return { path, isCompressed, firstSeq: undefined, firstTime: undefined }
  }
  return { path, reason: first.reason }
}

function compare(a: AuditFile, b: AuditFile, active: string): number {
  if (a.path === active) return 1
  if (b.path === active) return -1
  const [first, second] = [a.firstSeq ?? 0, b.firstSeq ?? 0]
  return first - second || (a.path < b.path ? -1 : 1)
}
