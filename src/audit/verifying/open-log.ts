import { type FileHandle, lstat, readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../../model/errors.ts'
import { createAuditFileNames } from '../reading/audit-file-names.ts'
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
  const names = await plainNames(active)
  const listing = await listAuditFiles(active)
  if (!(await areThere(listing.skipped))) return undefined
  const files: OpenLogFile[] = []
  const close = async () => {
    for (const { handle } of files) await handle.close()
  }
  try {
    for (const file of filesOf(listing, active)) files.push(await open(file))
    if (names === (await plainNames(active)) && (await areAtTheirNames(files))) {
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

/** The names of the log's files, as a rotation changes them and a compression does not. */
async function plainNames(active: string): Promise<string> {
  const parse = createAuditFileNames(active)
  const names = await readdir(dirname(active))
  const plain = names.map(name => parse(name)?.plain).filter(name => name !== undefined)
  return [...new Set(plain)].sort().join('/')
}

/** A file may have been compressed or removed before its beginning was read. */
async function areThere(skipped: AuditListing['skipped']): Promise<boolean> {
  for (const { path } of skipped) {
    if ((await statOf(path, lstat)) === undefined) return false
  }
  return true
}

/** Whether no file has got the name of another; one that was compressed since is open as it was. */
async function areAtTheirNames(files: readonly OpenLogFile[]): Promise<boolean> {
  for (const { path, handle, isCompressed } of files) {
    const [ours, named] = await Promise.all([handle.stat(), statOf(path)])
    const isSame = named === undefined ? !isCompressed : named.ino === ours.ino && named.dev === ours.dev
    if (!isSame) return false
  }
  return true
}

async function statOf(path: string, look = stat) {
  try {
    return await look(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
