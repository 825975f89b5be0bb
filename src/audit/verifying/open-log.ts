import type { FileHandle } from 'node:fs/promises'
import { AppError } from '../../model/errors.ts'
import { type AuditFile, type AuditListing, listAuditFiles } from '../reading/list-audit-files.ts'
import { openAuditFile } from '../reading/open-audit-file.ts'

/** A file of the log as it is at one moment: what is written, renamed or removed later changes nothing. */
export interface OpenLogFile {
  readonly path: string
  readonly isCompressed: boolean
  readonly handle: FileHandle
  /** Bytes at that moment. */
  readonly size: number
}

/** The files of the log do not stand still long enough to be opened. */
class LogUnsteady extends AppError {
  readonly code = 'AUDIT_UNSTEADY'
}

/** All files of the log at one moment, oldest first. */
export interface OpenLog {
  readonly files: readonly OpenLogFile[]
  /** Files with such a name that are none, each with the reason. */
  readonly skipped: AuditListing['skipped']
  close(): Promise<void>
}

/** Rotations are seconds apart, opening takes milliseconds. */
const TRIES = 10

/**
 * Opens the log whose active file is `active`. A rotation meanwhile begins it again, so that no line is seen twice or
 * not at all. @throws LogUnsteady, the error of the file system.
 */
export async function openLog(active: string): Promise<OpenLog> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const log = await tryToOpen(active)
    if (log !== undefined) return log
  }
  throw new LogUnsteady(`the files of ${active} are renamed all the time; try again`)
}

async function tryToOpen(active: string): Promise<OpenLog | undefined> {
  const listing = await listAuditFiles(active)
  const files: OpenLogFile[] = []
  const close = async () => {
    for (const { handle } of files) await handle.close()
  }
  try {
    for (const file of filesOf(listing, active)) files.push(await open(file))
    if (signature(await listAuditFiles(active)) === signature(listing)) {
      return { files, skipped: listing.skipped, close }
    }
  } catch (error) {
    await close()
    if (isMissing(error)) return undefined
    throw error
  }
  await close()
  return undefined
}

async function open({ path, isCompressed }: Pick<AuditFile, 'path' | 'isCompressed'>): Promise<OpenLogFile> {
  const handle = await openAuditFile(path)
  const { size } = await handle.stat()
  return { path, isCompressed, handle, size }
}

/** The active file is read whatever it holds. */
function filesOf({ files, skipped }: AuditListing, active: string) {
  const isSkipped = skipped.some(({ path }) => path === active)
  return isSkipped ? [...files, { path: active, isCompressed: false }] : files
}

/** What a rotation changes; that a file is compressed does not matter, since it is open already. */
function signature({ files }: AuditListing): string {
  return files.map(({ path, firstSeq }) => `${path.replace(/\.gz$/, '')} ${firstSeq}`).join('\n')
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
