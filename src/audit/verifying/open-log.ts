import { type FileHandle, stat } from 'node:fs/promises'
import { AppError } from '../../model/errors.ts'
import { isMissing } from '../../model/is-missing.ts'
import { messageOf } from '../../model/message-of.ts'
import { type Candidate, findCandidates } from '../reading/find-candidates.ts'
import { openAuditFile } from '../reading/open-audit-file.ts'

/** A file of the log as it is at one moment: what is renamed or removed later changes nothing. */
export interface OpenLogFile {
  readonly path: string
  readonly isCompressed: boolean
  readonly handle: FileHandle
  /** Bytes at that moment. */
  readonly size: number
}

/** A file with the name of one, and why it is none, as the rest of a sentence. */
export interface SkippedLogFile {
  readonly path: string
  readonly reason: string
}

/** All files of the log at one moment. */
export interface OpenLog {
  readonly files: readonly OpenLogFile[]
  readonly skipped: readonly SkippedLogFile[]
  close(): Promise<void>
}

/** The files of the log do not stand still long enough to be opened. */
class LogUnsteady extends AppError {
  readonly code = 'AUDIT_UNSTEADY'
}

/** Rotations are seconds apart, opening takes milliseconds. */
const TRIES = 20

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

/** Nothing is read here: the shorter it takes, the seldomer a rotation comes in between. */
async function tryToOpen(active: string): Promise<OpenLog | undefined> {
  const candidates = await findCandidates(active)
  const files: OpenLogFile[] = []
  const skipped: SkippedLogFile[] = []
  const close = async () => {
    for (const { handle } of files) await handle.close()
  }
  try {
    for (const candidate of candidates) {
      const opened = await open(candidate, active)
      if ('handle' in opened) files.push(opened)
      else skipped.push(opened)
    }
    const isSame = namesOf(candidates) === namesOf(await findCandidates(active))
    if (isSame && (await areAtTheirNames(files))) return { files, skipped, close }
  } catch (error) {
    await close()
    if (isMissing(error)) return undefined
    throw error
  }
  await close()
  return undefined
}

/** The active file must be readable; that an old one is not shows in its lines. */
async function open({ path, compression }: Candidate, active: string): Promise<OpenLogFile | SkippedLogFile> {
  if (compression === 'unknown') return { path, reason: 'is compressed in another way than gzip' }
  try {
    const handle = await openAuditFile(path)
    const { size } = await handle.stat()
    return { path, isCompressed: compression === 'gz', handle, size }
  } catch (error) {
    if (path === active || isMissing(error)) throw error
    return { path, reason: `cannot be read: ${messageOf(error)}` }
  }
}

function namesOf(candidates: readonly Candidate[]): string {
  return candidates.map(({ plain }) => plain).join('/')
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

async function statOf(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
